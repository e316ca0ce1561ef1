package textfile

import "testing"

func TestDecode(t *testing.T) {
	for written, want := range map[string]string{
		"":                                   "",
		"plain":                              "plain",
		"\xef\xbb\xbfmarked":                 "marked",
		"\xff\xfea\x00\xe4\x00":              "aä",
		"\xfe\xff\x00a\x00\xe4":              "aä",
		"\xff\xfe\x3d\xd8\x00\xde!":          "😀",
		"K\xf6ln":                            "K\ufffdln",
		"\xfe\xff":                           "",
		"\xef\xbb\xbf\xef\xbb\xbfmarked two": "\ufeffmarked two",
	} {
		if got := string(Decode([]byte(written))); got != want {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
}

func TestIsText(t *testing.T) {
	for content, want := range map[string]bool{
		"": true, "lines\r\n\tof text\f": true, "K\xf6ln": true, "\xff\xfea\x00": true, "a\x00b": false, "\x1b[1m": false, "\x7fELF": false,
	} {
		if got := IsText([]byte(content)); got != want {
			t.Errorf("%q: %v", content, got)
		}
	}
}
