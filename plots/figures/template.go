package figures

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// dots stand in the place of values that differ between labels.
const dots = "…"

// dotted replaces the words of a label that are among some values by dots.
func dotted(label string, values map[string]bool) string {
	words := strings.Split(label, " ")
	for i, w := range words {
		if before, core, behind := unwrapped(w); values[core] {
			words[i] = before + dots + behind
		}
	}
	return strings.Join(words, " ")
}

// unwrapped parts a word from the brackets and commas around it.
func unwrapped(word string) (before, core, behind string) {
	core = strings.TrimLeft(word, "([")
	before = word[:len(word)-len(core)]
	trimmed := strings.TrimRight(core, ")],;")
	return before, trimmed, core[len(trimmed):]
}

// common returns what labels have in common, with dots for the words in which they differ. Of labels that differ in their numbers
// of words, it is what they all begin and end with.
func common(labels []string) string {
	rows := make([][]string, len(labels))
	alike := true
	for i, l := range labels {
		rows[i] = strings.Split(l, " ")
		alike = alike && len(rows[i]) == len(rows[0])
	}
	if !alike {
		return strings.Join(around(rows), " ")
	}
	out := slices.Clone(rows[0])
	for k := range out {
		var words []string
		for _, row := range rows {
			words = append(words, row[k])
		}
		out[k] = commonWord(words)
	}
	return strings.Join(out, " ")
}

// around returns the words that all rows begin with, dots, and those that they end with.
func around(rows [][]string) []string {
	first, from, to := rows[0], len(rows[0]), len(rows[0])
	for _, row := range rows[1:] {
		n := min(len(first), len(row))
		k := 0
		for k < n && row[k] == first[k] {
			k++
		}
		from = min(from, k)
		k = 0
		for k < n && row[len(row)-1-k] == first[len(first)-1-k] {
			k++
		}
		to = min(to, k)
	}
	to = min(to, len(first)-from)
	return slices.Concat(first[:from], []string{dots}, first[len(first)-to:])
}

var numeric = regexp.MustCompile(`^[-+−]?(\d|\.\d|inf)`)

// commonWord returns what words have in common in front of numbers, as in QSGD-4 and QSGD-8, with dots for the rest.
func commonWord(words []string) string {
	before, head, behind := unwrapped(words[0])
	same := true
	for _, w := range words {
		_, core, _ := unwrapped(w)
		for !strings.HasPrefix(core, head) {
			head = head[:len(head)-1]
		}
		same = same && w == words[0]
	}
	if same {
		return words[0]
	}
	head = strings.TrimRight(head, "0123456789.")
	for _, w := range words {
		if _, core, _ := unwrapped(w); !numeric.MatchString(core[len(head):]) {
			head = ""
			break
		}
	}
	return before + head + dots + behind
}

// keyNames are the words of which the names of keys are made, as uplink and mbps.
type keyNames []string

var bracketed = regexp.MustCompile(`\s*\([^()]*` + dots + `[^()]*\)`)

// plain returns a template without its dots, and without what belongs to them alone: units behind them, words that lead to them,
// and what stands with them between commas or in brackets. It is empty if nothing is left.
func (n keyNames) plain(template string) string {
	template = bracketed.ReplaceAllStringFunc(template, func(group string) string {
		if inner := n.parts(strings.Trim(group, " ()"), false); inner != "" {
			return " (" + inner + ")"
		}
		return ""
	})
	return n.parts(template, true)
}

// parts cleans the parts of a text between its commas. The first part of a label is a name, and others are not.
func (n keyNames) parts(text string, name bool) string {
	var kept []string
	for i, part := range strings.Split(text, ", ") {
		if part = n.joined(part, name && i == 0); part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, ", ")
}

var joint = regexp.MustCompile(` (\+|×|&|/|>|·|and|with) `)

// joined cleans the pieces of a part that signs join, as in "Top-k … + QSGD … bit".
func (n keyNames) joined(part string, name bool) string {
	signs := joint.FindAllString(part, -1)
	out := ""
	for i, piece := range joint.Split(part, -1) {
		piece = n.piece(piece, name || i > 0)
		if piece != "" && out != "" {
			out += signs[i-1]
		}
		out += piece
	}
	return out
}

func (n keyNames) piece(text string, name bool) string {
	words := strings.Fields(text)
	for {
		i := slices.IndexFunc(words, func(w string) bool { return strings.Contains(w, dots) })
		if i < 0 {
			return strings.Join(words, " ")
		}
		head, _, _ := strings.Cut(words[i], dots)
		lead, rest := n.leading(words[:i], head, name), words[i+1:]
		unit := len(rest) > 0 && n.unit(rest[0])
		switch {
		case unit:
			rest = rest[1:]
		case len(lead) == 0 && !name:
			return "" // what follows is a unit that is not known
		}
		words = slices.Concat(lead, rest)
	}
}

// leading returns the words in front of dots, and the head of the word that has them, without those that lead to a value. The first
// word of a name stays.
func (n keyNames) leading(words []string, head string, name bool) []string {
	words = slices.Clone(words)
	if strings.HasSuffix(head, "=") || strings.HasSuffix(head, ":") {
		head = ""
	}
	if head = strings.TrimRight(head, "-_"); head != "" {
		words = append(words, head)
	}
	for len(words) > 0 {
		last := words[len(words)-1]
		switch {
		case last == "=" && !name:
			return nil
		case last == "=":
			words = words[:max(0, len(words)-2)]
		case n.leads(last) && !(name && len(words) == 1):
			words = words[:len(words)-1]
		default:
			return words
		}
	}
	return nil
}

// leads reports whether a word stands in front of values: a preposition, a symbol, or the key's name.
func (n keyNames) leads(word string) bool {
	r, size := utf8.DecodeRuneInString(word)
	symbol := size == len(word) && !unicode.IsDigit(r)
	return symbol || strings.HasSuffix(word, ":") || slices.Contains([]string{"of", "at", "to", "by", "every"}, word) || n.has(word)
}

var unitWords = []string{"%", "bit", "bits", "kbit/s", "Mbit/s", "Gbit/s", "ms", "s", "client", "clients", "round", "rounds", "epochs", "steps", "levels"}

func (n keyNames) unit(word string) bool { return slices.Contains(unitWords, word) || n.has(word) }

func (n keyNames) has(word string) bool {
	return slices.ContainsFunc(n, func(name string) bool { return strings.EqualFold(name, word) })
}
