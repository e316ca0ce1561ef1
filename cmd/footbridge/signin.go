package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/shell"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

type signInFlags struct {
	deviceCode bool
	account    string
}

func (a *app) signInCommand() *cobra.Command {
	var flags signInFlags
	command := &cobra.Command{
		Use:               "sign-in PROFILE [flags]",
		Example:           "  footbridge sign-in contoso\n  footbridge sign-in contoso --device-code\n  footbridge sign-in contoso --account alice@contoso.com",
		Args:              exactly(1),
		ValidArgsFunction: a.completeProfiles(1),
		RunE:              func(command *cobra.Command, args []string) error { return a.signIn(command.Context(), args[0], flags) },
	}
	command.Flags().BoolVar(&flags.deviceCode, "device-code", false, "")
	command.Flags().StringVar(&flags.account, "account", "", "")
	return command
}

type signInResult struct {
	document
	Profile string    `json:"profile"`
	Account string    `json:"account"`
	Expires time.Time `json:"expires"`
}

// signIn signs in with Entra ID, and gives the token to a connection that waits for it.
func (a *app) signIn(ctx context.Context, name string, flags signInFlags) error {
	all, err := a.look(ctx)
	if err != nil {
		return err
	}
	chosen, err := all.find(name)
	if err != nil {
		return err
	}
	request, err := a.tokenRequest(ctx, chosen)
	if err != nil {
		return err
	}
	if !request.Entra.CacheSignInUser && !waitsForCredential(chosen) {
		return &commandError{code: "sign-in-not-kept", exit: exitUsage, values: language.Values{"Name": chosen.Name}, command: shell.Command("footbridge", "connect", chosen.Name)}
	}
	provider, err := a.provider(ctx)
	if err != nil {
		return err
	}
	request.Asker, request.Interactive = &asker{app: a}, true
	request.DeviceCode = flags.deviceCode || chosen.Settings.SignIn == settings.SignInDeviceCode
	if flags.account != "" {
		request.LoginHint = flags.account
	}
	token, err := provider.Token(ctx, request)
	if err != nil {
		return err
	}
	if err := a.giveToken(ctx, chosen, token); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(signInResult{newDocument(), chosen.Name, token.Account, token.Expires.UTC()})
	}
	a.say("sign-in.done", language.Values{"Account": token.Account})
	return nil
}

// tokenRequest is what a profile wants of Entra ID.
func (a *app) tokenRequest(ctx context.Context, chosen known) (entra.Request, error) {
	if chosen.Authentication != profiles.EntraID {
		return entra.Request{}, &commandError{code: "no-entra", exit: exitUsage, values: language.Values{"Name": chosen.Name}}
	}
	if !chosen.Machine {
		wanted := *chosen.Entry.Profile.Authentication.Entra
		return entra.Request{Profile: chosen.Name, Entra: wanted, LoginHint: chosen.Settings.LoginHint,
			TrustAuthority: entra.SignsInAt(wanted, chosen.Settings.SignInServer)}, nil
	}
	prepared, err := a.prepareMachine(ctx, chosen, client.Wish{}, &asker{app: a})
	if err != nil {
		return entra.Request{}, err
	}
	return entra.Request{Profile: chosen.Name, Entra: *prepared.Secrets.Entra, LoginHint: chosen.Settings.LoginHint, TrustAuthority: true}, nil
}

// waitsForCredential tells whether the profile's connection waits for its user to sign in.
func waitsForCredential(chosen known) bool {
	return chosen.Session != nil && slices.ContainsFunc(chosen.Session.Questions, func(q api.Question) bool { return q.Kind == api.AskCredential })
}

// giveToken answers what the profile's connection waits for.
func (a *app) giveToken(ctx context.Context, chosen known, token entra.Token) error {
	if chosen.Session == nil {
		return nil
	}
	service := a.service()
	defer service.Close()
	for _, question := range chosen.Session.Questions {
		if question.Kind != api.AskCredential {
			continue
		}
		err := service.Answer(ctx, question.ID, api.Answer{Username: "AzureAD", Password: token.AccessToken.Reveal()})
		var refusal *api.Error
		if err != nil && !(errors.As(err, &refusal) && refusal.Code == api.NotFound) {
			return err
		}
	}
	expires := token.Expires
	return service.SetSignIn(ctx, chosen.Session.ID, api.SignIn{Account: token.Account, Expires: &expires})
}
