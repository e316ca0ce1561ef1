package journal

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"version":1,"boot":"b","device":"footbridge0","link":7,"routes":[{"prefix":"203.0.113.9/32","metric":1000007,"link":2,"gateway":"192.168.1.1"},{"prefix":"2001:db8::9/128","metric":1,"unreachable":true}],"dns":{"mode":"resolv.conf"}}`))
	f.Add([]byte(`{"version":1}`))
	f.Add([]byte(`{"version":1,"routes":[{}]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		record, err := parse(data)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("error is %v", err)
			}
			return
		}
		written, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parse(written)
		if err != nil {
			t.Fatal(err)
		}
		if len(record.Routes) == 0 {
			record.Routes, again.Routes = nil, nil
		}
		if !reflect.DeepEqual(record, again) {
			t.Fatalf("read %+v, then %+v", record, again)
		}
	})
}
