package azure

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Cloud is one of Azure's clouds, or another one with the same interfaces.
type Cloud struct {
	Name            string // "public"; for others the resource manager's host
	Authority       string // where administrators sign in, "https://login.microsoftonline.com"
	ResourceManager string // "https://management.azure.com"
	Audience        string // for whom tokens are
}

// PublicCloud is the one that most have.
func PublicCloud() Cloud {
	return Cloud{"public", "https://login.microsoftonline.com", "https://management.azure.com", "https://management.core.windows.net/"}
}

// Clouds are Microsoft's (https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure,
// https://learn.microsoft.com/azure/china/resources-developer-guide).
func Clouds() []Cloud {
	return []Cloud{
		PublicCloud(),
		{"government", "https://login.microsoftonline.us", "https://management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net/"},
		{"china", "https://login.chinacloudapi.cn", "https://management.chinacloudapi.cn", "https://management.core.chinacloudapi.cn/"},
	}
}

// maxMetadata is how many bytes of a cloud's description are read.
const maxMetadata = 1 << 20

// FindCloud is the cloud with a name of Clouds, or the one whose resource manager has an address; that one is asked for the rest.
func FindCloud(ctx context.Context, client *http.Client, name string) (Cloud, error) {
	for _, known := range Clouds() {
		if strings.EqualFold(name, known.Name) || sameHost(name, known.ResourceManager) {
			return known, nil
		}
	}
	address, err := url.Parse(name)
	if err != nil || address.Scheme != "https" || address.Host == "" || address.User != nil {
		return Cloud{}, &Problem{Code: UnknownCloud, Subject: name}
	}
	address.Path, address.RawQuery, address.Fragment = "", "", ""
	found, err := describedCloud(ctx, client, address)
	if err != nil {
		return Cloud{}, &Problem{Code: UnknownCloud, Subject: name, Err: err}
	}
	return found, nil
}

func sameHost(address, other string) bool {
	a, err := url.Parse(address)
	b, _ := url.Parse(other)
	return err == nil && b != nil && a.Scheme == "https" && strings.EqualFold(a.Host, b.Host)
}

// describedCloud asks a resource manager which cloud it is of, as the Azure CLI does (az cloud register --endpoint-resource-manager).
func describedCloud(ctx context.Context, client *http.Client, address *url.URL) (Cloud, error) {
	if client == nil {
		client = http.DefaultClient
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String()+"/metadata/endpoints?api-version=2015-01-01", nil)
	if err != nil {
		return Cloud{}, fmt.Errorf("describe cloud: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return Cloud{}, fmt.Errorf("describe cloud: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Cloud{}, fmt.Errorf("describe cloud: %s", response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxMetadata))
	if err != nil {
		return Cloud{}, fmt.Errorf("describe cloud: %w", err)
	}
	return parseCloud(data, address)
}

// parseCloud reads the answer of a resource manager's metadata endpoint.
func parseCloud(data []byte, address *url.URL) (Cloud, error) {
	var description struct {
		Authentication struct {
			LoginEndpoint string   `json:"loginEndpoint"`
			Audiences     []string `json:"audiences"`
		} `json:"authentication"`
	}
	if err := json.Unmarshal(data, &description); err != nil {
		return Cloud{}, fmt.Errorf("read description of cloud: %w", err)
	}
	authority, err := url.Parse(strings.TrimSuffix(description.Authentication.LoginEndpoint, "/"))
	if err != nil || authority.Scheme != "https" || authority.Host == "" || authority.User != nil || authority.RawQuery != "" {
		return Cloud{}, fmt.Errorf("read description of cloud: it names no https address to sign in at")
	}
	if len(description.Authentication.Audiences) == 0 || description.Authentication.Audiences[0] == "" {
		return Cloud{}, fmt.Errorf("read description of cloud: it names no audience")
	}
	return Cloud{address.Host, authority.String(), address.String(), description.Authentication.Audiences[0]}, nil
}
