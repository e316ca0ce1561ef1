package arm

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// operation is one that takes a while (https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations). Its result is there
// from the beginning.
type operation struct {
	left   int      // questions until it is done
	failed *refusal // nil: it succeeded
	status int
	result []byte
}

// begin runs an operation in the SDK's fakes, and makes those wait who ask for it.
func (s *Server) begin(w http.ResponseWriter, request *http.Request, transport transporter, r route, body []byte) error {
	op := &operation{left: s.faults.polls}
	if s.faults.failing != "" {
		op.failed = &refusal{status: http.StatusBadRequest, code: s.faults.failing, message: s.faults.failure}
	} else {
		response, err := ask(transport, request, r.api, body)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if op.result, err = io.ReadAll(response.Body); err != nil {
			return err
		}
		op.status, op.result = response.StatusCode, unwrapped(r.api, op.result)
	}
	id := s.next("operation")
	s.operations[id] = op
	w.Header().Set("Azure-AsyncOperation", s.address+"/operations/"+id)
	w.Header().Set("Retry-After-Ms", "5")
	if request.Method == http.MethodPut {
		changing, err := updating(body)
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusCreated, changing)
		return nil
	}
	w.Header().Set("Location", s.address+"/results/"+id)
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// unwrapped is a result as Azure sends it. The SDK's fakes put an object around those that are a text only.
func unwrapped(api string, result []byte) []byte {
	switch api {
	case "VirtualNetworkGatewaysClient.BeginGenerateVPNProfile", "VirtualNetworkGatewaysClient.BeginGetVPNProfilePackageURL":
		var object struct{ Value json.RawMessage }
		if err := json.Unmarshal(result, &object); err == nil {
			return object.Value
		}
	}
	return result
}

// updating is a resource while it is changed.
func updating(body []byte) ([]byte, error) {
	var resource map[string]json.RawMessage
	var properties map[string]json.RawMessage
	if err := json.Unmarshal(body, &resource); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(resource["properties"], &properties); err != nil {
		return nil, err
	}
	properties["provisioningState"] = json.RawMessage(`"Updating"`)
	var err error
	if resource["properties"], err = json.Marshal(properties); err != nil {
		return nil, err
	}
	return json.Marshal(resource)
}

// operation says how far one is, or hands its result out.
func (s *Server) operation(w http.ResponseWriter, what, id string) error {
	op := s.operations[id]
	if op == nil {
		return notFound(id)
	}
	w.Header().Set("Retry-After-Ms", "5")
	type state struct {
		Status string            `json:"status"`
		Error  map[string]string `json:"error,omitempty"`
	}
	now := state{Status: "Succeeded"}
	switch {
	case op.left > 0:
		op.left--
		now.Status = "InProgress"
	case op.failed != nil:
		now = state{"Failed", map[string]string{"code": op.failed.code, "message": op.failed.message}}
	}
	if what == "results" {
		switch {
		case now.Status == "InProgress":
			w.WriteHeader(http.StatusAccepted)
		case op.failed != nil:
			return op.failed
		default:
			writeJSON(w, op.status, op.result)
		}
		return nil
	}
	data, err := json.Marshal(now)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, data)
	return nil
}

// page is a part of a list.
type page struct {
	items []json.RawMessage
}

// list takes a whole list out of the SDK's fakes and serves it a page at a time.
func (s *Server) list(w http.ResponseWriter, request *http.Request, transport transporter, api string, body []byte) error {
	response, err := ask(transport, request, api, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var whole struct {
		Value []json.RawMessage `json:"value"`
	}
	if err := json.NewDecoder(response.Body).Decode(&whole); err != nil {
		return err
	}
	var pages []page
	for chunk := range slices.Chunk(whole.Value, s.options.PageSize) {
		pages = append(pages, page{chunk})
	}
	if len(pages) == 0 {
		pages = []page{{[]json.RawMessage{}}}
	}
	name := s.next("list")
	s.lists[name] = pages
	return s.writePage(w, request, name, 0)
}

func (s *Server) nextPage(w http.ResponseWriter, request *http.Request) error {
	name, number, _ := strings.Cut(request.URL.Query().Get("$skiptoken"), "~")
	index, err := strconv.Atoi(number)
	if err != nil || index < 0 || index >= len(s.lists[name]) {
		return &refusal{status: http.StatusBadRequest, code: "InvalidSkipToken", message: "The skip token is invalid."}
	}
	return s.writePage(w, request, name, index)
}

func (s *Server) writePage(w http.ResponseWriter, request *http.Request, name string, index int) error {
	pages := s.lists[name]
	if index >= len(pages) {
		return errors.New("list: there is no such page")
	}
	answer := struct {
		Value    []json.RawMessage `json:"value"`
		NextLink string            `json:"nextLink,omitempty"`
	}{Value: pages[index].items}
	if index+1 < len(pages) {
		answer.NextLink = s.address + request.URL.Path + "?" + url.Values{"api-version": {request.URL.Query().Get("api-version")},
			"$skiptoken": {name + "~" + strconv.Itoa(index+1)}}.Encode()
	}
	data, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, data)
	return nil
}
