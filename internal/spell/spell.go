// Package spell finds the word that a misspelt one was probably meant to be.
package spell

import "strings"

// Nearest returns the candidate that word is most probably a misspelling of, or "" if none is near: at most two
// edits away, one for words of up to three letters, upper and lower case being the same.
func Nearest(word string, candidates []string) string {
	best, limit := "", 2
	if len(word) <= 3 {
		limit = 1
	}
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d <= limit && d < max(len(word), len(c)) {
			best, limit = c, d-1
		}
	}
	return best
}

// distance is the number of insertions, deletions, replacements and swaps of neighbours that turn a into b (optimal
// string alignment; Damerau, CACM 7(3), 1964). It gives up on long words, which nobody meant.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 {
		return 64
	}
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			replace := rows[i-1][j-1]
			if x[i-1] != y[j-1] {
				replace++
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, replace)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(x)][len(y)]
}
