package report

import (
	"strings"
	"testing"
	"time"
)

// A log is done while a person waits. It is an eighth of one that is as long as one may be, for machines that are slow or look for races.
func TestLongLogsAreAnonymisedSoon(t *testing.T) {
	a := newAnonymiser()
	a.learnWord(userWord, userName)
	a.learnWord(computerWord, "laptop")
	text := strings.Repeat(everything()+"\n", 1+maxLog/8/len(everything()))
	started := time.Now()
	a.apply(newRedactor(Options{}).redact(text))
	if took := time.Since(started); took > 15*time.Second {
		t.Errorf("%d bytes took %v", len(text), took)
	} else {
		t.Logf("%d bytes took %v", len(text), took)
	}
}
