/**
 * Completion for fish: a function that finds the command that the line is
 * about, and a line for everything that can follow it.
 */
import {
  type CompletionPlace,
  firstWords,
  type FlagHint,
  laterWords,
  placesOfWords,
} from "./completion_place.ts";

export function fishCompletion(places: readonly CompletionPlace[]): string {
  const paths = (some: readonly CompletionPlace[]): string =>
    some.map(({ path }) => quoted(path)).join(" ");
  const commands = firstWords(places).map(({ path, summary }) =>
    `complete -c midge -n __midge_at_start -a ${path} -d ${quoted(summary)}\n`
  );
  return `# Completion of midge for fish: midge completion fish | source
function __midge_place
  set -l words (commandline -opc)
  set -l place server
  if contains -- "$words[2]" ${paths(firstWords(places))}
    set place "$words[2]"
  end
${
    laterWords(places).map((count) =>
      `  if contains -- "$place $words[${count + 1}]" ${
        paths(placesOfWords(places, count))
      }
    set place "$place $words[${count + 1}]"
  end
`
    ).join("")
  }  echo $place
end
function __midge_in
  test (__midge_place) = "$argv"
end
function __midge_at_start
  test (count (commandline -opc)) -eq 1
end
complete -c midge -f
${commands.join("")}${places.map(linesOf).join("")}`;
}

function linesOf(place: CompletionPlace): string {
  const begin = `complete -c midge -n ${quoted(`__midge_in ${place.path}`)}`;
  const lines = place.flags.map((flag) => `${begin} ${flagOptions(flag)}`);
  if (place.takesFiles) lines.push(`${begin} -F`);
  if (place.words.length > 0) {
    lines.push(`${begin} -a ${quoted(place.words.join(" "))}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

function flagOptions({ names, doc, value, choices }: FlagHint): string {
  const options = names.map((name) =>
    name.length === 1 ? `-s ${name}` : `-o ${name} -l ${name}`
  );
  return [...options, valueOptions(value, choices), `-d ${quoted(doc)}`]
    .filter((option) => option !== "")
    .join(" ");
}

function valueOptions(
  value: FlagHint["value"],
  choices: readonly string[],
): string {
  switch (value) {
    case "none":
      return "";
    case "file":
      return "-r -F";
    case "folder":
      return "-x -a '(__fish_complete_directories)'";
    case "choice":
      return `-x -a ${quoted(choices.join(" "))}`;
    case "anything":
      return "-x";
  }
}

/** Between single quotes fish knows two escapes. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
