package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestTextIsNeverPrinted(t *testing.T) {
	type holder struct {
		Name string
		Key  Text
	}
	h := holder{"x", "hunter2"}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("test", "key", h.Key, "holder", h)
	encoded, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%v %+v %#v %s %q", h, h, h, h.Key, h.Key) + log.String() + string(encoded)
	if strings.Contains(shown, "hunter2") {
		t.Error(shown)
	}
	if h.Key.Reveal() != "hunter2" || Text("").String() != "" {
		t.Error("the secret is lost")
	}
}

func TestStaticKeys(t *testing.T) {
	digits := strings.Repeat("00112233445566778899aabbccddeeff", 16)
	file := StaticKeyFile(Text(digits)).Reveal()
	if lines := strings.Split(file, "\n"); len(lines) != 19 || lines[1] != digits[:32] {
		t.Errorf("file\n%s", file)
	}
	for _, written := range []string{digits, strings.ToUpper(digits), file, strings.ReplaceAll(file, "\n", "\r\n"), "#\n# 2048 bit OpenVPN static key\n#\n" + file, "  " + digits[:100] + "\n " + digits[100:]} {
		if key, err := ParseStaticKey(written); err != nil || key.Reveal() != digits {
			t.Errorf("%.40q: %v", written, err)
		}
	}
	for _, wrong := range []string{"", digits[1:], digits + "0", digits[:511] + "g", digits[:510] + "ä"} {
		_, err := ParseStaticKey(wrong)
		if err == nil || strings.Contains(err.Error(), "0011") {
			t.Errorf("%.20q: %v", wrong, err)
		}
	}
}
