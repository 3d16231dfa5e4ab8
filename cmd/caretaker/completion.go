package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"caretaker/cmd/caretaker/command"
)

// completionCommand prints a script; the command line's library has none of its own.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help says how to use it.
func (completionCommand) Help() string {
	return "bash: source <(caretaker completion bash), in ~/.bashrc.\nzsh: source <(caretaker completion zsh), in ~/.zshrc behind compinit.\n" +
		"fish: caretaker completion fish | source, in ~/.config/fish/config.fish."
}

// Run prints the script.
func (c completionCommand) Run(j *command.Job, parser *kong.Kong) error {
	write := map[string]func(io.Writer, []place){"bash": forBash, "zsh": forZsh, "fish": forFish}[c.Shell]
	var text strings.Builder
	write(&text, places(parser.Model.Node, ""))
	_, err := io.WriteString(j.Out, text.String())
	return err
}

// place is a command, with what may follow it.
type place struct {
	// at are the words up to here, each after a blank; empty for the program alone.
	at    string
	words []word
}

// word is a command, a flag with its hyphens, or a value.
type word struct{ text, help string }

// places are a command and those below it, as they are shown.
func places(node *kong.Node, at string) []place {
	here := place{at: at}
	var below []place
	for _, child := range node.Children {
		if child.Hidden {
			continue
		}
		here.words = append(here.words, word{child.Name, child.Help})
		below = append(below, places(child, at+" "+child.Name)...)
	}
	for _, argument := range node.Positional {
		for _, value := range argument.EnumSlice() {
			here.words = append(here.words, word{value, ""})
		}
	}
	for ; node != nil; node = node.Parent {
		for _, flag := range node.Flags {
			if !flag.Hidden {
				here.words = append(here.words, word{"--" + flag.Name, flag.Help})
			}
		}
	}
	return append([]place{here}, below...)
}

// known are all the places but the first, each in quotes.
func known(all []place, separator string) string {
	var names []string
	for _, one := range all[1:] {
		names = append(names, `"`+one.at+`"`)
	}
	return strings.Join(names, separator)
}

func forBash(out io.Writer, all []place) {
	fmt.Fprintf(out, `_caretaker() {
	local at="" word options=""
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case "$at $word" in
		%s) at="$at $word" ;;
		esac
	done
	case "$at" in
`, known(all, "|"))
	for _, one := range all {
		fmt.Fprintf(out, "\t%q) options=%q ;;\n", one.at, strings.Join(texts(one.words), " "))
	}
	fmt.Fprint(out, `	esac
	COMPREPLY=($(compgen -W "$options" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _caretaker caretaker
`)
}

func texts(words []word) []string {
	list := make([]string, 0, len(words))
	for _, one := range words {
		list = append(list, one.text)
	}
	return list
}

func forZsh(out io.Writer, all []place) {
	fmt.Fprintf(out, `#compdef caretaker
_caretaker() {
	local at="" word
	local -a options
	for word in "${(@)words[2,CURRENT-1]}"; do
		case "$at $word" in
		(%s) at="$at $word" ;;
		esac
	done
	case "$at" in
`, known(all, "|"))
	for _, one := range all {
		var options []string
		for _, word := range one.words {
			options = append(options, quoted(strings.TrimSuffix(word.text+":"+strings.ReplaceAll(word.help, ":", `\:`), ":")))
		}
		fmt.Fprintf(out, "\t(%q) options=(%s) ;;\n", one.at, strings.Join(options, " "))
	}
	fmt.Fprint(out, `	esac
	_describe -o caretaker options || _files
}
compdef _caretaker caretaker
`)
}

func forFish(out io.Writer, all []place) {
	fmt.Fprintf(out, `function __caretaker_at
	set -l at ""
	for word in (commandline -opc)[2..-1]
		switch "$at $word"
			case %s
				set at "$at $word"
		end
	end
	test "$at" = "$argv[1]"
end
`, known(all, " "))
	for _, one := range all {
		for _, word := range one.words {
			kind := "-f -a " + quoted(word.text)
			if name, isFlag := strings.CutPrefix(word.text, "--"); isFlag {
				kind = "-l " + name
			}
			fmt.Fprintf(out, "complete -c caretaker -n '__caretaker_at %q' %s -d %s\n", one.at, kind, quoted(word.help))
		}
	}
}

// quoted is a text in single quotes. zsh and fish read a quote or a backslash within in different ways, so
// there are none, but for the backslash before a colon, which both keep.
func quoted(text string) string {
	return "'" + strings.NewReplacer(`\:`, `\:`, "'", "", `\`, "").Replace(text) + "'"
}
