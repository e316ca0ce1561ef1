package main

import (
	"fmt"
	"strings"

	"github.com/mattn/go-runewidth"
)

// cell is a text in a table.
type cell struct {
	text  string
	style style
}

func cells(texts ...string) []cell {
	row := make([]cell, len(texts))
	for i, text := range texts {
		row[i] = cell{text: text}
	}
	return row
}

// gap is between two columns.
const gap = "  "

// table prints rows below a heading, aligned by how wide characters are on a terminal. What does not fit the terminal is cut from the
// widest columns; elsewhere nothing is cut.
func (o *output) table(heading []string, rows [][]cell) {
	all := rows
	if len(heading) > 0 {
		head := cells(heading...)
		for i := range head {
			head[i].style = bold
		}
		all = append([][]cell{head}, rows...)
	}
	widths := columnWidths(all)
	shrink(widths, o.width())
	for _, row := range all {
		var line strings.Builder
		for i, c := range row {
			text := printable(strings.ReplaceAll(c.text, "\n", " "))
			if o.terminal {
				text = runewidth.Truncate(text, widths[i], "…")
			}
			line.WriteString(o.styled(c.style, text))
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", max(0, widths[i]-runewidth.StringWidth(text))) + gap)
			}
		}
		fmt.Fprintln(o, strings.TrimRight(line.String(), " "))
	}
}

func columnWidths(rows [][]cell) []int {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], runewidth.StringWidth(printable(c.text)))
		}
	}
	return widths
}

// narrowest is what a column is left.
const narrowest = 6

// shrink takes columns off the widest until all fit.
func shrink(widths []int, limit int) {
	for limit != unlimited {
		total, widest := len(gap)*(len(widths)-1), 0
		for i, width := range widths {
			total += width
			if width > widths[widest] {
				widest = i
			}
		}
		if total <= limit || len(widths) == 0 || widths[widest] <= narrowest {
			return
		}
		widths[widest]--
	}
}

// fact is a name and what it is, one of a block of facts about one thing.
type fact struct {
	name  string
	value cell
}

// facts prints names and values below each other. Values that are too long go on below themselves.
func (o *output) facts(list []fact) {
	widest := 0
	for _, f := range list {
		widest = max(widest, runewidth.StringWidth(f.name))
	}
	for _, f := range list {
		if f.value.text == "" {
			continue
		}
		indent := strings.Repeat(" ", widest+len(gap))
		room := unlimited
		if width := o.width(); width != unlimited {
			room = max(20, width-len(indent))
		}
		for i, line := range wrap(printable(f.value.text), room) {
			lead := indent
			if i == 0 {
				lead = o.styled(dim, f.name) + strings.Repeat(" ", widest-runewidth.StringWidth(f.name)) + gap
			}
			fmt.Fprintln(o, lead+o.styled(f.value.style, line))
		}
	}
}
