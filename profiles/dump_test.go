package profiles

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// dump writes every field of a profile that is set, one a line, secrets as their length and hash. The file it came from is left out.
func dump(p *Profile) string {
	copied := *p
	copied.Source = nil
	var out strings.Builder
	dumpValue(&out, "", reflect.ValueOf(copied))
	return out.String()
}

func dumpValue(out *strings.Builder, path string, v reflect.Value) {
	if v.IsZero() {
		return
	}
	switch value := v.Interface().(type) {
	case secret.Text:
		fmt.Fprintf(out, "%s: %d secret characters %.4x\n", path, len(value), sha256.Sum256([]byte(value)))
		return
	case *x509.Certificate:
		fmt.Fprintf(out, "%s: %s %s\n", path, value.Subject.CommonName, certificate.Thumbprint(value))
		return
	case netip.Addr, netip.Prefix, time.Duration:
		fmt.Fprintf(out, "%s: %v\n", path, value)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.Elem().Kind() == reflect.Struct {
			dumpValue(out, path, v.Elem())
			return
		}
		fmt.Fprintf(out, "%s: %v\n", path, v.Elem().Interface()) // also where it points to zero
	case reflect.Struct:
		for i := range v.NumField() {
			dumpValue(out, strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), v.Field(i))
		}
	case reflect.Slice:
		if v.Len() == 0 {
			fmt.Fprintf(out, "%s: set\n", path)
		}
		for i := range v.Len() {
			dumpValue(out, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Map:
		for _, key := range slices.Sorted(maps.Keys(v.Interface().(map[string]string))) {
			fmt.Fprintf(out, "%s[%s]: %q\n", path, key, v.MapIndex(reflect.ValueOf(key)).String())
		}
	case reflect.String:
		fmt.Fprintf(out, "%s: %q\n", path, v.String())
	default:
		fmt.Fprintf(out, "%s: %v\n", path, v.Interface())
	}
}
