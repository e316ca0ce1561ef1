package push

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestParseMessage(t *testing.T) {
	for _, test := range []struct {
		text string
		want Message
	}{
		{"PUSH_REQUEST", Request{}},
		{"PUSH_REPLY", Reply{}},
		{"PUSH_REPLY,route 10.0.0.1,ping 1", Reply{List: "route 10.0.0.1,ping 1"}},
		{"PUSH_UPDATE,-route,?dns", Update{List: "-route,?dns"}},
		{"AUTH_FAILED", AuthFailed{}},
		{"AUTH_FAILED,wrong password", AuthFailed{Reason: "wrong password"}},
		{"AUTH_FAILED,SESSION: token expired", AuthFailed{Reason: "token expired", SessionExpired: true}},
		{"AUTH_FAILED,TEMP", AuthFailed{Temporary: true}},
		{"AUTH_FAILED,TEMP:later", AuthFailed{Temporary: true, Reason: "later"}},
		{"AUTH_FAILED,TEMP[backoff 42,advance no]:not now", AuthFailed{Temporary: true, Backoff: 42 * time.Second, Advance: AdvanceNo, Reason: "not now"}},
		{"AUTH_FAILED,TEMP[advance remote]:x", AuthFailed{Temporary: true, Advance: AdvanceServer, Reason: "x"}},
		{"AUTH_FAILED,TEMP[backoff -1,advance sideways,new]", AuthFailed{Temporary: true}},
		{"AUTH_FAILED,CRV1:R,E:Om01u7Fh4LrGBS7uh0SWmzwabUiGiW6l:Y3Ix:Please enter token: now", AuthFailed{Reason: "Please enter token: now",
			Challenge: &Challenge{Kind: DynamicChallenge, Text: "Please enter token: now", Echo: true, ResponseRequired: true, State: "Om01u7Fh4LrGBS7uh0SWmzwabUiGiW6l", Username: "cr1"}}},
		{"AUTH_FAILED,CRV1:broken", AuthFailed{Reason: "CRV1:broken"}},
		{"AUTH_PENDING", AuthPending{}},
		{"AUTH_PENDING,timeout 300", AuthPending{Timeout: 5 * time.Minute}},
		{"AUTH_PENDING,new x,timeout 7", AuthPending{Timeout: 7 * time.Second}},
		{"INFO,hello", Info{Message: "hello"}},
		{"INFO_PRE,OPEN_URL:https://login.example/a?b=c", Info{Pre: true, Page: &WebPage{URL: "https://login.example/a?b=c"}}},
		{"INFO_PRE,WEB_AUTH:hidden,external:https://login.example:8443/", Info{Pre: true, Page: &WebPage{URL: "https://login.example:8443/", Hidden: true, External: true}}},
		{"INFO_PRE,WEB_AUTH::https://login.example/", Info{Pre: true, Page: &WebPage{URL: "https://login.example/"}}},
		{"INFO_PRE,WEB_AUTH:proxy=[2001:db8::1];80;;,hidden:https://login.example/", Info{Pre: true, Page: &WebPage{URL: "https://login.example/", Hidden: true, Proxied: true}}},
		{"INFO_PRE,OPEN_URL:file:///etc/passwd", Info{Pre: true, Message: "OPEN_URL:file:///etc/passwd"}},
		{"INFO_PRE,OPEN_URL:https://x/\x1b[1m", Info{Pre: true, Message: "OPEN_URL:https://x/?[1m"}},
		{"INFO_PRE,CR_TEXT:R,E:Enter your code", Info{Pre: true, Challenge: &Challenge{Kind: TextChallenge, Text: "Enter your code", Echo: true, ResponseRequired: true}}},
		{"CR_RESPONSE,MTIzNDU2", CRResponse{Response: []byte("123456")}},
		{"CR_RESPONSE,!", Unknown{Raw: "CR_RESPONSE,!"}},
		{"RESTART", Restart{}},
		{"RESTART,[P]maintenance", Restart{KeepCredential: true, Reason: "maintenance"}},
		{"RESTART,[N]", Restart{NextServer: true}},
		{"HALT,[PN]go away", Halt{KeepCredential: true, NextServer: true, Reason: "go away"}},
		{"HALT,go\x00", Halt{Reason: "go"}},
		{"EXIT", Exit{}},
		{"PUSHED", Unknown{Raw: "PUSHED"}},
		{"\x01\x02", Unknown{Raw: "??"}},
	} {
		if diff := cmp.Diff(test.want, ParseMessage(test.text)); diff != "" {
			t.Errorf("%q: %s", test.text, diff)
		}
	}
}

func TestMessageText(t *testing.T) {
	for _, message := range []Message{
		Request{}, Reply{}, Reply{List: "route 10.0.0.1"}, Update{List: "-dns"}, AuthFailed{}, AuthFailed{Reason: "no"},
		AuthFailed{Reason: "expired", SessionExpired: true}, AuthFailed{Temporary: true},
		AuthFailed{Temporary: true, Backoff: 5 * time.Second, Advance: AdvanceAddress, Reason: "busy"},
		AuthFailed{Reason: "code?", Challenge: &Challenge{Kind: DynamicChallenge, State: "s", Username: "u", Text: "code?", ResponseRequired: true}},
		AuthPending{}, AuthPending{Timeout: time.Minute}, Info{Message: "x"}, Info{Pre: true, Page: &WebPage{URL: "https://a.example/", External: true}},
		Info{Pre: true, Challenge: &Challenge{Kind: TextChallenge, Text: "code?", Echo: true, ResponseRequired: true}},
		CRResponse{Response: []byte("1")}, Restart{}, Restart{Reason: "r", KeepCredential: true}, Halt{NextServer: true}, Exit{}, Unknown{Raw: "X"},
	} {
		if diff := cmp.Diff(message, ParseMessage(message.Text())); diff != "" {
			t.Errorf("%q: %s", message.Text(), diff)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", CRResponse{[]byte("123456")}, CRResponse{[]byte("123456")}, CRResponse{[]byte("123456")}); strings.Contains(text, "123456") || strings.Contains(text, "49 50") || strings.Contains(text, "0x31") {
		t.Errorf("response shows in %s", text)
	}
}

func TestAnswer(t *testing.T) {
	for _, test := range []struct {
		challenge Challenge
		want      string
	}{
		{Challenge{Kind: StaticChallenge}, "SCRV1:cHc=:MTIz"},
		{Challenge{Kind: StaticChallenge, Concat: true}, "pw123"},
		{Challenge{Kind: DynamicChallenge, State: "abc"}, "CRV1::abc::123"},
		{Challenge{Kind: TextChallenge}, "123"},
	} {
		if got := string(test.challenge.Answer("pw", "123")); got != test.want {
			t.Errorf("kind %d: %q", test.challenge.Kind, got)
		}
	}
}

func TestPrintable(t *testing.T) {
	long := printable(strings.Repeat("é", maxText))
	if len(long) > maxText || strings.Contains(long, "?") {
		t.Errorf("%d bytes, %q at the end", len(long), long[len(long)-4:])
	}
	if got := printable("a\x00b\x1b]0;x\a\xff c\n"); strings.ContainsAny(got, "\x00\x1b\a\n") || !utf8.ValidString(got) {
		t.Errorf("%q", got)
	}
}

func TestStream(t *testing.T) {
	var s Stream
	for _, piece := range []string{"\x00PUSH_RE", "PLY,ping 1\x00\x00EX", "IT\x00RESTART"} {
		if err := s.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	var got []Message
	for m, ok := s.Next(); ok; m, ok = s.Next() {
		got = append(got, m)
	}
	if diff := cmp.Diff([]Message{Reply{List: "ping 1"}, Exit{}}, got); diff != "" {
		t.Error(diff)
	}
	if !s.Pending() {
		t.Error("nothing is pending")
	}
	if m, ok := s.Flush(); !ok || m != (Restart{}) {
		t.Errorf("flushed %v", m)
	}
	if err := s.Write(make([]byte, 10)); err != nil || s.Pending() && func() bool { _, ok := s.Next(); return ok }() {
		t.Errorf("NUL bytes: %v", err)
	}
	if err := s.Write([]byte(strings.Repeat("x", MaxMessage+1))); !errors.Is(err, ErrTooLong) {
		t.Errorf("endless message: %v", err)
	}
}

func FuzzParseMessage(f *testing.F) {
	for _, text := range []string{
		"PUSH_REPLY,route 10.0.0.1", "AUTH_FAILED,TEMP[backoff 42,advance no]:x", "AUTH_FAILED,CRV1:R,E:state:dXNlcg==:text", "AUTH_PENDING,timeout 3",
		"INFO_PRE,WEB_AUTH:hidden,proxy=[::1];1;;:https://a.example", "INFO_PRE,CR_TEXT:E:x", "CR_RESPONSE,MQ==", "RESTART,[PN]x", "HALT", "EXIT",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		message := ParseMessage(text)
		if message == nil {
			t.Fatal("no message")
		}
		switch m := message.(type) {
		case Info:
			if m.Page != nil && !strings.HasPrefix(strings.ToLower(m.Page.URL), "http") {
				t.Errorf("page %q", m.Page.URL)
			}
		case AuthFailed:
			if strings.ContainsAny(m.Reason, "\x1b\n\r\x00") {
				t.Errorf("reason %q", m.Reason)
			}
		}
		if _, unknown := message.(Unknown); !unknown {
			ParseMessage(message.Text())
		}
	})
}
