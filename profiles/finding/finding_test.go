package finding

import (
	"fmt"
	"testing"
)

func TestString(t *testing.T) {
	for want, f := range map[string]Finding{
		"a.xml:3: Wrong. Correct it.": {File: "a.xml", Line: 3, Problem: "Wrong.", Remedy: "Correct it."},
		"line 3: Wrong.":              {Line: 3, Problem: "Wrong."},
		"a.xml: Wrong.":               {File: "a.xml", Problem: "Wrong."},
		"Wrong.":                      {Problem: "Wrong."},
	} {
		if f.String() != want || f.Error() != want {
			t.Errorf("%q, want %q", f, want)
		}
	}
	if got := fmt.Sprint(Note, Warning, Fault); got != "note warning error" {
		t.Error(got)
	}
}

func TestListKeepsTheFirstFault(t *testing.T) {
	var l List
	for i := range 3000 {
		l.Note("a", i, "")
	}
	l.Fault("b", 5000, "", "")
	l.Fault("c", 0, "", "")
	if len(l) != maxFindings+1 || !Faulty(l) || l[maxFindings].Code != "b" {
		t.Errorf("%d findings", len(l))
	}
}

func TestByLine(t *testing.T) {
	var l List
	for _, line := range []int{0, 3, 1, 3, 0, 2} {
		l.Note(fmt.Sprint(len(l)), line, "")
	}
	order := ""
	for _, f := range l.ByLine() {
		order += f.Code
	}
	if order != "251304" {
		t.Error(order)
	}
}
