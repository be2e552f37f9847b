// Shell completions: a script per shell that asks the program itself what may come next.

/** The program answers the words after this one with what may follow them, one a line. */
export const COMPLETE = "complete-words";

export type Shell = "bash" | "zsh" | "fish";

const BASH = `_ocpp_proxy() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(ocpp-proxy ${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" \\
    -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _ocpp_proxy ocpp-proxy
`;

const ZSH = `#compdef ocpp-proxy
_ocpp_proxy() {
  local -a found
  found=("\${(@f)$(ocpp-proxy ${COMPLETE} "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then compadd -- $found; else _files; fi
}
compdef _ocpp_proxy ocpp-proxy
`;

const FISH =
  `complete -c ocpp-proxy -a '(ocpp-proxy ${COMPLETE} (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`;

/** The script to source in a shell, for the program under the name `ocpp-proxy`. */
export function completionScript(shell: Shell): string {
  switch (shell) {
    case "bash":
      return BASH;
    case "zsh":
      return ZSH;
    case "fish":
      return FISH;
  }
}
