/**
 * Completion for zsh: one function that finds the command that the line is
 * about, then describes what can stand under the cursor. It can be sourced, and
 * it can be a file of `$fpath`.
 */
import {
  type CompletionPlace,
  firstWords,
  type FlagHint,
  laterWords,
  placesOfWords,
  singleQuoted,
} from "./completion_place.ts";

export function zshCompletion(places: readonly CompletionPlace[]): string {
  const paths = (some: readonly CompletionPlace[]): string =>
    some.map(({ path }) => singleQuoted(path)).join("|");
  return `#compdef midge
# Completion of midge for zsh. In ~/.zshrc, after compinit: source <(midge completion zsh)
_midge() {
  local place=server flag= dash=-
  local -a flags list
  case $words[2] in
    (${paths(firstWords(places))}) (( CURRENT > 2 )) && place=$words[2] ;;
  esac
${
    laterWords(places).map((count) =>
      `  case "$place $words[${count + 1}]" in
    (${paths(placesOfWords(places, count))}) (( CURRENT > ${
        count + 1
      } )) && place="$place $words[${count + 1}]" ;;
  esac
`
    ).join("")
  }  if [[ $PREFIX == -*=* ]]; then
    flag=\${PREFIX%%=*}
    compset -P '*='
  elif (( CURRENT > 2 )) && [[ $words[CURRENT-1] == -* ]]; then
    flag=$words[CURRENT-1]
  fi
  case "$place:\${\${flag#-}#-}" in
${valueCases(places)}  esac
  if [[ $PREFIX == -* ]]; then
    [[ $PREFIX == --* ]] && dash=--
    case $place in
${places.map(flagCase).join("")}    esac
    flags=("$dash\${^flags[@]}")
    _describe -o flag flags
    return
  fi
  if (( CURRENT == 2 )); then
    list=(${described(firstWords(places))})
    _describe command list
    return
  fi
  case $place in
${places.map(wordCase).join("")}  esac
}
if [[ $funcstack[1] == _midge ]]; then
  _midge "$@"
else
  compdef _midge midge
fi
`;
}

/** `name:what it is`, each quoted. */
function described(places: readonly CompletionPlace[]): string {
  return places.map(({ path, summary }) => singleQuoted(`${path}:${summary}`))
    .join(" ");
}

function flagCase({ path, flags }: CompletionPlace): string {
  const list = flags.flatMap(({ names, doc }) =>
    names.map((name) => singleQuoted(`${name}:${doc}`))
  );
  return `      (${singleQuoted(path)}) flags=(${list.join(" ")}) ;;\n`;
}

function wordCase({ path, words, takesFiles }: CompletionPlace): string {
  if (!takesFiles && words.length === 0) return "";
  const what = takesFiles ? "_files" : `compadd -- ${words.join(" ")}`;
  return `    (${singleQuoted(path)}) ${what} ;;\n`;
}

function valueCases(places: readonly CompletionPlace[]): string {
  return places.flatMap(({ path, flags }) =>
    flags.filter(({ value }) => value !== "none").map((flag) => {
      const patterns = flag.names.map((name) =>
        singleQuoted(`${path}:${name}`)
      );
      return `    (${patterns.join("|")}) ${answer(flag)}; return ;;\n`;
    })
  ).join("");
}

function answer({ value, doc, choices }: FlagHint): string {
  switch (value) {
    case "file":
      return "_files";
    case "folder":
      return "_files -/";
    case "choice":
      return `compadd -- ${choices.join(" ")}`;
    default:
      return `_message ${singleQuoted(doc)}`;
  }
}
