package main

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/language"
)

// azureFlags are those of all commands for administrators of Azure.
type azureFlags struct {
	cloud         string
	signIn        string
	tenant        string
	subscriptions []string
}

func (a *app) azureCommand() *cobra.Command {
	var flags azureFlags
	command := &cobra.Command{
		Use: "azure",
		Example: `  footbridge azure gateways
  footbridge azure profile contoso-gateway --import
  footbridge azure check contoso
  footbridge azure sessions contoso-gateway
  footbridge azure p2s show contoso-gateway`,
		Args: unknownCommand,
		RunE: func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	f := command.PersistentFlags()
	f.StringVar(&flags.cloud, "cloud", azure.PublicCloud().Name, "")
	f.StringVar(&flags.signIn, "sign-in", "", "")
	f.StringVar(&flags.tenant, "tenant", "", "")
	f.StringSliceVar(&flags.subscriptions, "subscription", nil, "")
	var clouds []string
	for _, cloud := range azure.Clouds() {
		clouds = append(clouds, cloud.Name)
	}
	command.RegisterFlagCompletionFunc("cloud", cobra.FixedCompletions(clouds, cobra.ShellCompDirectiveNoFileComp))
	command.RegisterFlagCompletionFunc("sign-in", cobra.FixedCompletions(azure.SignIns(), cobra.ShellCompDirectiveNoFileComp))
	command.AddCommand(a.azureGatewaysCommand(&flags), a.azureProfileCommand(&flags), a.azureCheckCommand(&flags), a.azureSessionsCommand(&flags),
		a.azureDisconnectCommand(&flags), a.azureP2SCommand(&flags))
	return command
}

// administration is Azure as an administrator sees it, and what is told of how long it takes. The caller must call end.
type administration struct {
	*azure.Client
	cloud azure.Cloud
	shown *azureProgress
}

func (s *administration) end() { s.shown.end() }

// azure signs an administrator in as soon as something is asked.
func (a *app) azure(ctx context.Context, flags azureFlags) (*administration, error) {
	if flags.signIn != "" {
		if err := oneOf("sign-in", flags.signIn, azure.SignIns()...); err != nil {
			return nil, err
		}
	}
	cloud, err := azure.FindCloud(ctx, http.DefaultClient, flags.cloud)
	if err != nil {
		return nil, err
	}
	shown := &azureProgress{app: a}
	credential, err := azure.Credential(azure.CredentialOptions{
		Cloud: cloud, SignIn: azure.SignIn(flags.signIn), Tenant: flags.tenant, Provider: a.provider, Asker: &asker{app: a}, Getenv: a.getenv,
	})
	if err != nil {
		return nil, err
	}
	client, err := azure.New(azure.Options{Cloud: cloud, Credential: credential, Subscriptions: flags.subscriptions, Progress: shown.show})
	if err != nil {
		return nil, err
	}
	return &administration{client, cloud, shown}, nil
}

// azureProgress tells people what Azure is busy with: its operations take from seconds to many minutes.
type azureProgress struct {
	app *app

	mu      sync.Mutex
	said    azure.Operation
	waiting *waiting
}

func (p *azureProgress) show(progress azure.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.app.json || p.said == progress.Operation {
		return
	}
	p.stop()
	p.said = progress.Operation
	p.waiting = p.app.waitFor(p.app.text("azure.progress."+string(progress.Operation), language.Values{"Subject": progress.Subject}))
}

func (p *azureProgress) stop() {
	if p.waiting != nil {
		p.waiting.stop()
		p.waiting = nil
	}
}

// end is called before results are shown.
func (p *azureProgress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop()
	p.said = ""
}

// azureList is a list in one cell.
func azureList[T ~string](all []T) string {
	var words []string
	for _, one := range all {
		words = append(words, string(one))
	}
	return strings.Join(words, ", ")
}
