package tlswrap_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// bare is the key in testdata as Azure's profiles have it.
func bare(t testing.TB) string {
	t.Helper()
	_, after, _ := strings.Cut(readFile(t, "testdata/static.key"), "V1-----\n")
	digits, _, _ := strings.Cut(after, "-----END")
	return strings.ReplaceAll(digits, "\n", "")
}

func TestParseStaticKey(t *testing.T) {
	digits := bare(t)
	if len(digits) != 512 {
		t.Fatalf("test key has %d digits", len(digits))
	}
	file := readFile(t, "testdata/static.key")
	for name, text := range map[string]string{
		"file":             file,
		"with CRLF":        strings.ReplaceAll(file, "\n", "\r\n"),
		"indented":         strings.ReplaceAll(file, "\n", "\n    "),
		"bare":             digits,
		"bare in capitals": "\n " + strings.ToUpper(digits) + "\n",
		"written by us":    staticKey(t).PEM(),
	} {
		t.Run(name, func(t *testing.T) {
			key, err := tlswrap.ParseStaticKey(text)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.ReplaceAll(key.PEM(), "\n", ""), digits) {
				t.Error("another key was read")
			}
		})
	}
	for name, text := range map[string]string{
		"nothing":          "",
		"a digit short":    digits[1:],
		"a digit too many": digits + "0",
		"not hexadecimal":  "g" + digits[1:],
		"no foot":          strings.ReplaceAll(file, "-----END OpenVPN Static key V1-----", ""),
		"no end to it":     strings.Repeat("0 ", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tlswrap.ParseStaticKey(text)
			if !errors.Is(err, tlswrap.ErrKeyFormat) {
				t.Fatalf("error %v", err)
			}
			if strings.Contains(err.Error(), digits[8:40]) {
				t.Errorf("the error tells the key: %v", err)
			}
		})
	}
}

func TestClientKeyFiles(t *testing.T) {
	for name, text := range map[string]string{
		"server key": readFile(t, "testdata/tls-crypt-v2-server.key"),
		"static key": readFile(t, "testdata/static.key"),
		"nothing":    "",
		"too short":  strings.Replace(readFile(t, "testdata/tls-crypt-v2-client.key"), "y2KKRj2Cwns/pfAkL2+Vc0gY8sWqhEGlspotzhbxoJkahm4YWzGGj/pwEP51eDEb\n", "", 1),
	} {
		if _, err := tlswrap.ParseClientKey(text); !errors.Is(err, tlswrap.ErrKeyFormat) {
			t.Errorf("%s as client key: %v", name, err)
		}
	}
	if _, err := tlswrap.ParseServerKey(readFile(t, "testdata/tls-crypt-v2-client.key")); !errors.Is(err, tlswrap.ErrKeyFormat) {
		t.Errorf("client key as server key: %v", err)
	}
	for _, files := range [][2]string{
		{readFile(t, "testdata/tls-crypt-v2-client.key"), clientKey(t).PEM()},
		{readFile(t, "testdata/tls-crypt-v2-server.key"), serverKey(t).PEM()},
	} {
		if strings.TrimSpace(files[0]) != strings.TrimSpace(files[1]) {
			t.Errorf("%q became %q", files[0], files[1])
		}
	}
}

func TestParseDirection(t *testing.T) {
	for argument, want := range map[string]tlswrap.Direction{"": tlswrap.Bidirectional, "0": tlswrap.Normal, "1": tlswrap.Inverse} {
		if got, err := tlswrap.ParseDirection(argument); err != nil || got != want {
			t.Errorf("%q is %v, error %v", argument, got, err)
		}
	}
	if _, err := tlswrap.ParseDirection("2"); err == nil {
		t.Error("direction 2 is accepted")
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	secret, err := hex.DecodeString(bare(t))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	for _, key := range []any{staticKey(t), *staticKey(t), clientKey(t), *clientKey(t), serverKey(t), *serverKey(t),
		tlswrap.Config{Key: staticKey(t), ClientKey: clientKey(t)}} {
		for _, verb := range []string{"%v", "%+v", "%s", "%x", "%d", "%q"} {
			if printed := fmt.Sprintf(verb, key); strings.Contains(printed, hex.EncodeToString(secret[:4])) || strings.Contains(printed, fmt.Sprint(secret[:4])[1:]) {
				t.Errorf("%T prints %s", key, printed)
			}
		}
		logger.Info("key", "key", key)
	}
	if printed, err := json.Marshal([]any{staticKey(t), clientKey(t), serverKey(t)}); err != nil || string(printed) != "[{},{},{}]" {
		t.Errorf("JSON %s, error %v", printed, err)
	}
	if strings.Contains(log.String(), hex.EncodeToString(secret[:4])) || strings.Count(log.String(), "[redacted]") < 6 {
		t.Errorf("logged %s", log.String())
	}
	if printed := fmt.Sprintf("%d %x", staticKey(t), *clientKey(t)); printed != "[redacted] [redacted]" {
		t.Errorf("printed %s", printed)
	}
}
