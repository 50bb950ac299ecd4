/**
 * Completion for bash, from version 3.2 on: one function, which finds the
 * command that the line is about, then what can stand under the cursor.
 */
import {
  type CompletionPlace,
  firstWords,
  type FlagHint,
  laterWords,
  placesOfWords,
  singleQuoted,
} from "./completion_place.ts";

export function bashCompletion(places: readonly CompletionPlace[]): string {
  return `# Completion of midge for bash. In ~/.bashrc: source <(midge completion bash)
_midge() {
  local IFS=$' \\t\\n'
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  local place=server flags= words= wants=words value= flag
  # bash takes "-flag=value" for three words.
  if [[ $cur == "=" ]]; then
    cur=
  elif [[ $prev == "=" && $COMP_CWORD -gt 2 ]]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if [[ $COMP_CWORD -gt 1 ]]; then
    case \${COMP_WORDS[1]} in
      ${alternatives(firstWords(places).map(({ path }) => path))})
        place=\${COMP_WORDS[1]} ;;
    esac
  fi
${
    laterWords(places).map((count) => wordCases(places, count)).join("")
  }  case $place in
${places.map(placeCase).join("")}  esac
  if [[ $COMP_CWORD -eq 1 ]]; then
    words=${singleQuoted(firstWords(places).map(({ path }) => path).join(" "))}
  fi
  if [[ $prev == -* ]]; then
    flag=\${prev#-}
    case "$place:\${flag#-}" in
${valueCases(places)}    esac
  fi
  if [[ -n $value ]]; then
    wants=$value
  elif [[ $cur == --* ]]; then
    COMPREPLY=($(compgen -P -- -W "$flags" -- "\${cur#--}"))
    return 0
  elif [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -P - -W "$flags" -- "\${cur#-}"))
    return 0
  fi
  COMPREPLY=()
  case $wants in
    file|folder)
      IFS=$'\\n'
      COMPREPLY=($(compgen -A "\${wants/folder/directory}" -- "$cur"))
      compopt -o filenames 2> /dev/null
      return 0 ;;
    words)
      COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
  esac
}
complete -F _midge midge
`;
}

/** The place that the word at `count` leads to. */
function wordCases(
  places: readonly CompletionPlace[],
  count: number,
): string {
  const paths = placesOfWords(places, count).map(({ path }) => `"${path}"`);
  return `  if [[ $COMP_CWORD -gt ${count} ]]; then
    case "$place \${COMP_WORDS[${count}]}" in
      ${alternatives(paths)})
        place="$place \${COMP_WORDS[${count}]}" ;;
    esac
  fi
`;
}

function alternatives(patterns: readonly string[]): string {
  return patterns.join("|");
}

function placeCase(
  { path, flags, words, takesFiles }: CompletionPlace,
): string {
  const names = flags.flatMap(({ names }) => names).join(" ");
  const wants = takesFiles ? " wants=file" : "";
  return `    "${path}")
      flags=${singleQuoted(names)}
      words=${singleQuoted(words.join(" "))}${wants} ;;
`;
}

/** What follows a flag with a value. */
function valueCases(places: readonly CompletionPlace[]): string {
  return places.flatMap(({ path, flags }) =>
    flags.filter(({ value }) => value !== "none").map((flag) => {
      const patterns = flag.names.map((name) => `"${path}:${name}"`);
      return `      ${alternatives(patterns)}) ${answer(flag)} ;;\n`;
    })
  ).join("");
}

function answer({ value, choices }: FlagHint): string {
  return value === "choice"
    ? `value=words words=${singleQuoted(choices.join(" "))}`
    : `value=${value}`;
}
