package bench

import (
	"strings"
	"testing"
)

func report() *Report {
	return &Report{
		Machine: []Fact{{"kernel", "Linux 6.1"}},
		Rows: []Row{
			{"OpenVPN", "TCP up, client CPU", "s/GB", 1.25, 12.5},
			{"built-in", "TCP up, goodput", "Gbit/s", 3.456, 0},
			{"built-in", "start to 4000 routes", "ms", 99.94, 1234.5},
		},
	}
}

func TestWriteText(t *testing.T) {
	var b strings.Builder
	if err := report().WriteText(&b); err != nil {
		t.Fatal(err)
	}
	const want = `kernel: Linux 6.1

gateway   measured              unit    Footbridge  OpenVPN  ratio
OpenVPN   TCP up, client CPU    s/GB    1.25        12.5     0.10
built-in  TCP up, goodput       Gbit/s  3.46        0.00     -
built-in  start to 4000 routes  ms      99.9        1234     0.08
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestWriteMarkdown(t *testing.T) {
	var b strings.Builder
	if err := report().WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	const table = `
- kernel: Linux 6.1

| gateway  | measured             | unit   | Footbridge | OpenVPN | ratio |
| -------- | -------------------- | ------ | ---------: | ------: | ----: |
| OpenVPN  | TCP up, client CPU   | s/GB   |       1.25 |    12.5 |  0.10 |
| built-in | TCP up, goodput      | Gbit/s |       3.46 |    0.00 |     - |
| built-in | start to 4000 routes | ms     |       99.9 |    1234 |  0.08 |
`
	if text := b.String(); !strings.Contains(text, table) || !strings.HasPrefix(text, "# Benchmarks\n") {
		t.Errorf("got\n%s", text)
	}
}

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{8, 1, 2, 4}, 3},
	} {
		if got := median(test.values); got != test.want {
			t.Errorf("median of %v is %v", test.values, got)
		}
	}
}
