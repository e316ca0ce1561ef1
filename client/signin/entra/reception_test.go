package entra

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	lab "github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
)

// waiting is a reception that waits for the state "right".
func waiting(t *testing.T) *reception {
	t.Helper()
	at, err := listenLoopback(0)
	if err != nil {
		t.Fatal(err)
	}
	r := receive(at, "right", func(p Page) Page { return p }, slog.New(slog.DiscardHandler))
	t.Cleanup(r.close)
	return r
}

func get(t *testing.T, address string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func post(t *testing.T, address string, values url.Values) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return request
}

func hosted(request *http.Request, host string) *http.Request {
	request.Host = host
	return request
}

func TestStrayRequestsChangeNothing(t *testing.T) {
	r := waiting(t)
	base := r.loopback.redirectURI()
	for name, c := range map[string]struct {
		request *http.Request
		status  int
	}{
		"favicon":        {get(t, base+"/favicon.ico"), 404},
		"second tab":     {get(t, base+"/"), 400},
		"wrong state":    {get(t, base+"/?code=x&state=wrong"), 400},
		"no state":       {get(t, base+"/?code=x"), 400},
		"foreign error":  {get(t, base+"/?error=access_denied&state=wrong"), 400},
		"error alone":    {post(t, base+"/", url.Values{"error": {"access_denied"}}), 400},
		"posted code":    {post(t, base+"/", url.Values{"code": {"x"}, "state": {"wrong"}}), 400},
		"code and error": {get(t, base+"/?code=x&error=y&state=right"), 400},
		"two codes":      {get(t, base+"/?code=x&code=y&state=right"), 400},
		"other method":   {func() *http.Request { q := get(t, base+"/?code=x&state=right"); q.Method = "PUT"; return q }(), 400},
		"other name":     {hosted(get(t, base+"/?code=x&state=right"), "evil.example:"+strconv.Itoa(r.loopback.port)), 404},
		"other port":     {hosted(get(t, base+"/?code=x&state=right"), "localhost"), 404},
		"large":          {post(t, base+"/", url.Values{"code": {strings.Repeat("x", maxRedirect)}, "state": {"right"}}), 400},
		"not a form": {func() *http.Request {
			q := post(t, base+"/", url.Values{"code": {"x"}, "state": {"right"}})
			q.Header.Set("Content-Type", "text/plain")
			return q
		}(), 400},
	} {
		if status, text := fetch(t, c.request); status != c.status || strings.Contains(text, "right") {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	select {
	case answer := <-r.answers:
		t.Errorf("took %+v", answer)
	default:
	}
}

// The answer is taken by GET and by POST, on both loopback addresses, and what comes after it is no second one.
func TestAnswersOfTheBrowser(t *testing.T) {
	for name, request := range map[string]func(base string) *http.Request{
		"query": func(base string) *http.Request { return get(t, base+"/?code=the+code&state=right") },
		"form": func(base string) *http.Request {
			return post(t, base+"/", url.Values{"code": {"the code"}, "state": {"right"}})
		},
	} {
		for _, host := range []string{"localhost", "127.0.0.1", "[::1]"} {
			t.Run(name+" to "+host, func(t *testing.T) {
				r := waiting(t)
				base := "http://" + host + ":" + strconv.Itoa(r.loopback.port)
				if host == "[::1]" && len(r.loopback.listeners) == 1 {
					t.Log("this computer has no IPv6 loopback address")
					return
				}
				go func() {
					answer, err := r.wait(t.Context())
					if err != nil || answer.code != "the code" || answer.refused != nil {
						t.Errorf("%+v, %v", answer, err)
					}
					if status, _ := fetch(t, request(base)); status != http.StatusConflict {
						t.Errorf("the same again: %d", status)
					}
					r.show(t.Context(), donePage())
				}()
				status, text := fetch(t, request(base))
				if status != http.StatusOK || !strings.Contains(text, "Return to Footbridge") || strings.Contains(text, "the code") {
					t.Errorf("%d %s", status, text)
				}
			})
		}
	}
}

func TestRefusalByTheBrowser(t *testing.T) {
	r := waiting(t)
	done := make(chan redirect, 1)
	go func() {
		answer, err := r.wait(t.Context())
		if err != nil {
			t.Error(err)
		}
		done <- answer
		r.show(t.Context(), problemPage(answer.refused.problem()))
	}()
	description := "AADSTS50105: <script>alert(1)</script> Trace ID: 7d1c2c3e-0c0c-4b7a-8a53-1f6a2f1d0001 Correlation ID: 7d1c2c3e-0c0c-4b7a-8a53-1f6a2f1d0002 Timestamp: now"
	status, text := fetch(t, post(t, r.loopback.redirectURI()+"/", url.Values{"error": {"invalid_grant"}, "error_description": {description}, "state": {"right"}}))
	if status != http.StatusOK || !strings.Contains(text, "nobody assigned you") || !strings.Contains(text, "0002") || strings.Contains(text, "<script>") {
		t.Errorf("%d %s", status, text)
	}
	if problem := (<-done).refused.problem(); problem.Number != 50105 || !strings.HasSuffix(problem.Trace, "0001") || problem.Detail != "<script>alert(1)</script>" {
		t.Errorf("%+v", problem)
	}
}

func TestPageInAnotherLanguage(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	w.provider = w.newProvider(func(o *Options) {
		o.Page = func(p Page) Page { p.Language, p.Title = "nl", "Je bent aangemeld"; return p }
	})
	w.token(w.request())
	eventually(t, "the finished page", func() bool { return w.lastPage().Done == "Je bent aangemeld" })
}

// Where another program has the usual port, on either address, any other is taken.
func TestPortThatIsTaken(t *testing.T) {
	for _, network := range []string{"tcp4", "tcp6"} {
		address := "127.0.0.1:0"
		if network == "tcp6" {
			address = "[::1]:0"
		}
		other, err := net.Listen(network, address)
		if err != nil {
			t.Logf("%s: %v", network, err)
			continue
		}
		port := other.Addr().(*net.TCPAddr).Port
		at, err := listenLoopback(uint16(port))
		if err != nil {
			t.Fatal(err)
		}
		if at.port == port || at.port == 0 || len(at.listeners) == 0 {
			t.Errorf("port %d, %d listeners", at.port, len(at.listeners))
		}
		if err := at.close(); err != nil {
			t.Error(err)
		}
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}
	port := freePort(t)
	at, err := listenLoopback(port)
	if err != nil || at.port != int(port) || at.redirectURI() != "http://localhost:"+strconv.Itoa(int(port)) {
		t.Errorf("the free port %d was not taken: %v", port, err)
	}
	if err := at.close(); err != nil {
		t.Error(err)
	}
}

// A browser that keeps a connection open without a word does not keep the listener.
func TestCloseDoesNotWaitForTheBrowser(t *testing.T) {
	r := waiting(t)
	idle, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(r.loopback.port))
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	begun := time.Now()
	r.close()
	if took := time.Since(begun); took > time.Second || !isClosed(t, uint16(r.loopback.port)) {
		t.Errorf("closed after %v", took)
	}
	if err := idle.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(idle); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Error("the connection outlives the listener")
	}
}

func FuzzRedirect(f *testing.F) {
	f.Add("POST", "code=x&state=right")
	f.Add("GET", "code=x&state=right")
	f.Add("GET", "error=access_denied&state=right&error_description=AADSTS65004%3a+no&claims={}")
	f.Add("POST", "%zz=;&&=")
	f.Fuzz(func(t *testing.T, method, values string) {
		request := &http.Request{Method: method, URL: &url.URL{RawQuery: values}, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}
		request.Body = io.NopCloser(strings.NewReader(values))
		back, err := parseRedirect(request.WithContext(context.Background()))
		if err != nil {
			return
		}
		if back.state == "" || len(back.state) > maxState || len(back.code) > maxCode || (back.code == "") == (back.refused == nil) {
			t.Errorf("took %+v", back)
		}
		if back.refused != nil {
			if problem := back.refused.problem(); problem.Sentence == "" || len(problem.Detail) > 4*maxDetail+8 || len(problem.Claims) > maxClaims {
				t.Errorf("%+v", problem)
			}
		}
	})
}
