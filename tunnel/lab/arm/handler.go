package arm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// maxBody bounds what is read of a request, in bytes.
const maxBody = 4 << 20

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{request.Method, request.URL.RequestURI(), string(body), request.Header.Get("Authorization") != ""})
	s.options.Logger.Debug("request", "method", request.Method, "path", request.URL.Path)
	switch {
	case request.URL.Path == "/metadata/endpoints":
		s.describe(w, request)
		return
	case strings.HasPrefix(request.URL.Path, "/packages/"), strings.HasPrefix(request.URL.Path, "/blobs/"):
		s.download(w, request)
		return
	}
	if err := s.answer(w, request, body); err != nil {
		writeRefusal(w, err)
	}
}

// answer serves what a token is needed for.
func (s *Server) answer(w http.ResponseWriter, request *http.Request, body []byte) error {
	r, isNetwork := routeOf(request)
	if refused := s.refuse(request, r.action, r.scope); refused != nil {
		return refused
	}
	parts := strings.Split(strings.Trim(request.URL.Path, "/"), "/")
	switch {
	case len(parts) == 2 && parts[0] == "operations", len(parts) == 2 && parts[0] == "results":
		return s.operation(w, parts[0], parts[1])
	case request.URL.Query().Get("$skiptoken") != "":
		return s.nextPage(w, request)
	case isNetwork:
		return s.network(w, request, r, body)
	case request.URL.Path == "/subscriptions" && request.Method == http.MethodGet:
		return s.list(w, request, s.subscriptionsFake(), "Client.NewListPager", body)
	case len(parts) == 3 && parts[0] == "subscriptions" && parts[2] == "resources" && request.Method == http.MethodGet:
		return s.list(w, request, s.resourcesFake(parts[1]), "Client.NewListPager", body)
	}
	return &refusal{status: http.StatusNotFound, code: "InvalidResourceType", message: "The resource type could not be found."}
}

func (s *Server) network(w http.ResponseWriter, request *http.Request, r route, body []byte) error {
	if !s.estate.hasSubscription(r.subscription) {
		return &refusal{status: http.StatusNotFound, code: "SubscriptionNotFound", message: "The subscription '" + r.subscription + "' could not be found."}
	}
	transport := s.networkFake(r.subscription)
	switch {
	case r.isList():
		return s.list(w, request, transport, r.api, body)
	case r.isOperation():
		return s.begin(w, request, transport, r, body)
	}
	response, err := ask(transport, request, r.api, body)
	if err != nil {
		return err
	}
	return pass(w, response)
}

// transporter is the way into the SDK's fakes.
type transporter interface {
	Do(*http.Request) (*http.Response, error)
}

// ask puts a request before the SDK's fakes, with the name of the method that made it, which they choose by.
func ask(transport transporter, request *http.Request, api string, body []byte) (*http.Response, error) {
	inner := request.Clone(context.WithValue(request.Context(), runtime.CtxAPINameKey{}, api))
	inner.Body, inner.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	inner.URL.Scheme, inner.URL.Host = "https", request.Host
	response, err := transport.Do(inner)
	var refused *azcore.ResponseError
	var own *refusal
	switch {
	case errors.As(err, &own):
		return nil, own
	case errors.As(err, &refused):
		return nil, &refusal{status: refused.StatusCode, code: refused.ErrorCode, message: "The request was refused."}
	case err != nil:
		return nil, &refusal{status: http.StatusBadRequest, code: "InvalidRequestContent", message: err.Error()}
	}
	return response, nil
}

func pass(w http.ResponseWriter, response *http.Response) error {
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	writeJSON(w, response.StatusCode, data)
	return nil
}

func writeJSON(w http.ResponseWriter, status int, data []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(data)
}

func writeRefusal(w http.ResponseWriter, err error) {
	var refused *refusal
	if !errors.As(err, &refused) {
		refused = &refusal{status: http.StatusInternalServerError, code: "InternalServerError", message: err.Error()}
	}
	for name, values := range refused.header {
		w.Header()[name] = values
	}
	w.Header().Set("x-ms-error-code", refused.code)
	w.Header().Set("x-ms-correlation-request-id", "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0")
	data, _ := json.Marshal(map[string]map[string]string{"error": {"code": refused.code, "message": refused.message}})
	writeJSON(w, refused.status, data)
}

// describe tells which cloud this is (az cloud register --endpoint-resource-manager).
func (s *Server) describe(w http.ResponseWriter, request *http.Request) {
	if request.URL.Query().Get("api-version") != "2015-01-01" {
		writeRefusal(w, &refusal{status: http.StatusBadRequest, code: "InvalidApiVersionParameter", message: "The api-version is invalid."})
		return
	}
	var description struct {
		Authentication struct {
			LoginEndpoint string   `json:"loginEndpoint"`
			Audiences     []string `json:"audiences"`
		} `json:"authentication"`
	}
	description.Authentication.LoginEndpoint, description.Authentication.Audiences = s.options.Login, []string{s.options.Audience}
	data, _ := json.Marshal(description)
	writeJSON(w, http.StatusOK, data)
}

// download serves files by the signature in their address. As Azure's storage it refuses those who send a token besides.
func (s *Server) download(w http.ResponseWriter, request *http.Request) {
	kind, name, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/"), "/")
	files := map[string]map[string]stored{"packages": s.packages, "blobs": s.blobs}[kind]
	file, there := files[name]
	switch {
	case request.Method != http.MethodGet, request.Header.Get("Authorization") != "":
		http.Error(w, "AuthenticationFailed", http.StatusBadRequest)
	case !there || request.URL.Query().Get("sig") != file.signature:
		http.Error(w, "AuthenticationFailed", http.StatusForbidden)
	case s.faults.downloads > 0:
		s.faults.downloads--
		w.Header().Set("Retry-After", "0")
		http.Error(w, "ServerBusy", http.StatusServiceUnavailable)
	case file.data == nil:
		http.Error(w, "BlobNotFound", http.StatusNotFound)
	default:
		w.Header().Set("Content-Length", strconv.Itoa(len(file.data)))
		if s.faults.brokenPackage {
			w.Write(file.data[:len(file.data)/2])
			return
		}
		w.Write(file.data)
	}
}
