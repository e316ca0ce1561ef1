package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"strings"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/fleet"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/service/policy"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// sourceProblem is what is wrong with a manifest's flags.
func sourceProblem(err error) error {
	for reason, usage := range map[error]*usageError{
		fleet.ErrAddress:  &usageError{"fleet-address", nil},
		fleet.ErrNoTrust:  &usageError{"fleet-trust", nil},
		fleet.ErrSHA256:   &usageError{"fleet-sha256", nil},
		fleet.ErrKey:      &usageError{"fleet-key", nil},
		fleet.ErrInterval: &usageError{"fleet-interval", nil},
		fleet.ErrProxy:    &usageError{"fleet-proxy", nil},
	} {
		if errors.Is(err, reason) {
			return usage
		}
	}
	return err
}

type fleetFollowResult struct {
	document
	DryRun   bool     `json:"dry_run"`
	Address  string   `json:"address"`
	Outcome  string   `json:"outcome"` // "added", "replaced", "unchanged"
	Serial   uint64   `json:"serial"`
	Profiles []string `json:"profiles"`
}

// followManifest makes this computer follow a manifest. What is there now is downloaded and tried out first, so that a wrong key or address is
// noticed here and not on a thousand computers; the service brings it into place.
func (a *app) followManifest(ctx context.Context, sources []string, flags importFlags) error {
	if len(sources) > 0 || flags.name != "" || flags.fromOfficial {
		return &usageError{"from-url-and-paths", nil}
	}
	if !flags.machine {
		return &usageError{"from-url-needs-machine", nil}
	}
	if err := flags.source.Validate(); err != nil {
		return sourceProblem(err)
	}
	if err := needRoot("machine-needs-root", fromURLArguments(flags)...); err != nil {
		return err
	}
	path := a.settingsPath("fleet.toml")
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read fleet settings: %w", err)
	}
	after, err := flags.source.Encode()
	if err != nil {
		return err
	}
	result := fleetFollowResult{document: newDocument(), DryRun: flags.dryRun, Address: flags.source.Address(), Outcome: "added"}
	switch {
	case bytes.Equal(before, after):
		result.Outcome = "unchanged"
	case before != nil && !flags.force:
		return &commandError{code: "fleet-followed", exit: exitFailed, values: language.Values{"File": path}}
	case before != nil:
		result.Outcome = "replaced"
	}
	manifest, names, err := fleet.Try(ctx, &flags.source, fleet.Options{UserAgent: "footbridge/" + version, Proxy: a.policyProxy})
	if err != nil {
		return a.manifestProblem(err)
	}
	result.Serial, result.Profiles = manifest.Serial, notNil(names)
	if result.Outcome != "unchanged" && !flags.dryRun {
		if err := fleet.WriteSource(path, &flags.source, serviceGroupID()); err != nil {
			return err
		}
	}
	if a.json {
		return a.printJSON(result)
	}
	a.say("fleet.follow."+result.Outcome, language.Values{"Address": result.Address, "Names": strings.Join(names, ", ")})
	return nil
}

// policyProxy is the proxy that the policy of this computer forces on connections; empty: none.
func (a *app) policyProxy() string {
	rules, err := policy.Read(a.settingsPath("policy.toml"), nil)
	if err != nil {
		return ""
	}
	return rules.Settings["proxy"]
}

// fromURLArguments is how what was asked for is typed.
func fromURLArguments(flags importFlags) []string {
	words := []string{"import", "--machine", "--from-url", flags.source.URL}
	for _, flag := range []struct{ name, value string }{{"--sha256", flags.source.SHA256}, {"--public-key", flags.source.PublicKey},
		{"--interval", flags.source.Interval}} {
		if flag.value != "" {
			words = append(words, flag.name, flag.value)
		}
	}
	return words
}

// manifestProblem is why a manifest cannot be followed, with the words that the service has for it too.
func (a *app) manifestProblem(err error) error {
	p := fleet.AsProblem(err)
	values := language.Values{"File": p.File, "Detail": ""}
	if p.Err != nil {
		values["Detail"] = p.Err.Error()
	}
	exit := exitFailed
	if p.Code == fleet.Unreachable {
		exit = exitUnreachable
	}
	return &commandError{code: "fleet-problem", exit: exit, err: err, values: language.Values{"Reason": a.text("fleet.problem."+string(p.Code), values)}}
}

// serviceGroupID is the group that the service is in; negative: there is none, so that the service is not installed yet.
func serviceGroupID() int {
	group, err := user.LookupGroup(serviceGroup)
	if err != nil {
		return -1
	}
	id, err := strconv.Atoi(group.Gid)
	if err != nil {
		return -1
	}
	return id
}

// The outcomes of a policy that came with profiles.
const (
	policyAdded     = "added"
	policyUnchanged = "unchanged"
	policyConflict  = "conflict" // there is another one, which is left alone
	policyNotAsked  = "not-applied"
)

// importPolicy puts a policy that came with profiles in place, where the administrator says so and there is no other one.
func (a *app) importPolicy(ctx context.Context, data []byte, flags importFlags) (string, error) {
	if _, err := policy.Parse(data); err != nil {
		return "", &commandError{code: "bad-policy", exit: exitFailed, values: language.Values{"File": "policy.toml"}, err: err}
	}
	path := a.settingsPath("policy.toml")
	there, err := os.ReadFile(path)
	switch {
	case err == nil && bytes.Equal(there, data):
		return policyUnchanged, nil
	case err == nil:
		return policyConflict, nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("read policy: %w", err)
	}
	if !flags.yes && !flags.force {
		agreed, err := a.agree(ctx, "import.policy.ask")
		if err != nil || !agreed {
			return policyNotAsked, err
		}
	}
	if flags.dryRun {
		return policyAdded, nil
	}
	return policyAdded, fleet.Install(path, data, serviceGroupID())
}

// agree asks a question that is answered with yes or no. Where there is nobody to ask the answer is no.
func (a *app) agree(ctx context.Context, key string) (bool, error) {
	if a.json {
		return false, nil
	}
	agreed, err := a.agreeTo(ctx, a.text(key, nil))
	if errors.Is(err, signin.ErrNobodyToAsk) {
		return false, nil
	}
	return agreed, err
}

// agreeTo asks a question that is answered with yes or no.
func (a *app) agreeTo(ctx context.Context, text string) (bool, error) {
	k := &asker{app: a}
	answers, err := k.ask(ctx, question{fields: []field{{text, true}}})
	return err == nil && k.yes(answers[0]), err
}

// orElsewhere is the error of looking for a machine profile, in better words where there is one that came from elsewhere: it is changed where
// it came from.
func (a *app) orElsewhere(ctx context.Context, wanted string, err error) error {
	var missing *store.NotFoundError
	if !errors.As(err, &missing) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, serviceLimit)
	defer cancel()
	service := a.service()
	defer service.Close()
	machines, serviceErr := service.MachineProfiles(ctx)
	if serviceErr != nil {
		return err
	}
	for _, p := range machines.Profiles {
		if p.ID != wanted && !strings.EqualFold(p.Name, wanted) {
			continue
		}
		switch p.Origin {
		case api.FromFleet:
			return &commandError{code: "profile-of-manifest", exit: exitFailed, values: language.Values{"Name": p.Name}}
		case api.FromDropFolder:
			return &commandError{code: "profile-of-folder", exit: exitFailed, values: language.Values{"Name": p.Name, "Folder": fleet.DropFolderPath()}}
		}
	}
	return err
}
