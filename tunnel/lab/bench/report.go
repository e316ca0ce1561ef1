package bench

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// Report is what a run measured.
type Report struct {
	Machine []Fact
	Rows    []Row
}

// Fact describes the machine or the run.
type Fact struct{ Name, Value string }

// Row is one quantity, of both clients. Values of the same quantity in one run may be compared, values of different runs hardly.
type Row struct {
	Gateway    string // whose gateway
	Quantity   string
	Unit       string
	Footbridge float64
	OpenVPN    float64
}

// Ratio is Footbridge's value in OpenVPN's; 0 where there is none.
func (r Row) Ratio() float64 {
	if r.OpenVPN == 0 {
		return 0
	}
	return r.Footbridge / r.OpenVPN
}

func (r Row) cells() []string {
	ratio := "-"
	if r.OpenVPN != 0 {
		ratio = strconv.FormatFloat(r.Ratio(), 'f', 2, 64)
	}
	return []string{r.Gateway, r.Quantity, r.Unit, number(r.Footbridge), number(r.OpenVPN), ratio}
}

// number writes three digits or so.
func number(value float64) string {
	decimals := 2
	if value >= 100 {
		decimals = 0
	} else if value >= 10 {
		decimals = 1
	}
	return strconv.FormatFloat(value, 'f', decimals, 64)
}

func header() []string {
	return []string{"gateway", "measured", "unit", "Footbridge", "OpenVPN", "ratio"}
}

// WriteText writes a table for a terminal.
func (r *Report) WriteText(out io.Writer) error {
	for _, fact := range r.Machine {
		if _, err := fmt.Fprintf(out, "%s: %s\n", fact.Name, fact.Value); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(header(), "\t"))
	for _, row := range r.Rows {
		fmt.Fprintln(table, strings.Join(row.cells(), "\t"))
	}
	return table.Flush()
}

// WriteMarkdown writes the report as a document.
func (r *Report) WriteMarkdown(out io.Writer) error {
	var b strings.Builder
	b.WriteString("# Benchmarks\n\n" +
		"What `make bench` printed: Footbridge (`footbridge run`) and OpenVPN's own client in turn, in one run, against the same gateway, all on one\n" +
		"computer. The clients, the gateway and the traffic generator share its cores, and figures vary between runs and machines: only the ratios\n" +
		"(Footbridge / OpenVPN) say something.\n\n")
	for _, fact := range r.Machine {
		fmt.Fprintf(&b, "- %s: %s\n", fact.Name, fact.Value)
	}
	b.WriteByte('\n')
	rows := [][]string{header()}
	for _, row := range r.Rows {
		rows = append(rows, row.cells())
	}
	writeMarkdownTable(&b, rows)
	b.WriteString(explanation)
	_, err := io.WriteString(out, b.String())
	return err
}

// explanation says how the quantities are measured.
const explanation = `
- Goodput is what iperf3's receiver got through one TCP connection in the tunnel; "down" is towards the client.
- CPU is what the client's process used, user and system (/proc/PID/stat), while iperf3 ran, per 10^9 bytes of goodput.
- First ping is the time from starting the process to the first answer to a ping, sent every millisecond; the median of several starts.
- Memory is VmRSS: a second after connecting, and at most under load.
- Latency is the median round trip of a ping through the tunnel, less that of a ping beside it.
- Routes: the time from starting the process until the kernel had all pushed routes, and from the first of them to the last; medians.
- Both clients have the same profile: TLS with client certificates, tls-auth with SHA256, AES-256-GCM. OpenVPN runs with disable-dco.
`

// writeMarkdownTable aligns the columns, numbers to the right.
func writeMarkdownTable(b *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	const firstNumber = 3
	for n, row := range rows {
		for i, cell := range row {
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < firstNumber {
				fmt.Fprintf(b, "| %s%s ", cell, padding)
			} else {
				fmt.Fprintf(b, "| %s%s ", padding, cell)
			}
		}
		b.WriteString("|\n")
		if n == 0 {
			for i, width := range widths {
				if i < firstNumber {
					fmt.Fprintf(b, "| %s ", strings.Repeat("-", width))
				} else {
					fmt.Fprintf(b, "| %s: ", strings.Repeat("-", width-1))
				}
			}
			b.WriteString("|\n")
		}
	}
}

// median of at least one value.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 != 0 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
