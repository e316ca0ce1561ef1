package standalone

import (
	"context"
	"errors"
	"fmt"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// entraUsername is the user name that goes with an Entra ID access token (Azure VPN gateways know no other).
const entraUsername = "AzureAD"

// asker answers a tunnel's questions.
type asker func(context.Context, tunnel.Question) (tunnel.Answer, error)

// AskOnce answers with a user name and password that were given beforehand, and refuses to send them again after the
// gateway refused them: repeating a wrong password locks accounts.
func AskOnce(username string, password secret.Text) func(context.Context, tunnel.Question) (tunnel.Answer, error) {
	return func(_ context.Context, question tunnel.Question) (tunnel.Answer, error) {
		switch {
		case question.Refused != nil:
			return tunnel.Answer{}, question.Refused
		case question.Response:
			return tunnel.Answer{}, fmt.Errorf("the gateway asks %q, and there is nobody to answer", question.Text)
		}
		if username == "" {
			username = question.Username
		}
		return tunnel.Answer{Username: username, Password: password}, nil
	}
}

// askFor is who answers for a profile: the given one, else what stands in the profile, else nobody, with a word on what is missing.
func askFor(profile *profiles.Profile, given asker) asker {
	authentication := profile.Authentication
	switch {
	case given != nil && authentication.Type == profiles.EntraID:
		return func(ctx context.Context, question tunnel.Question) (tunnel.Answer, error) {
			answer, err := given(ctx, question)
			answer.Username = entraUsername
			return answer, err
		}
	case given != nil:
		return given
	case authentication.Password != "":
		return AskOnce(authentication.Username, authentication.Password)
	case authentication.Type == profiles.EntraID:
		return refuse("this profile signs in with Entra ID: give an access token with --password-stdin")
	default:
		return refuse("this profile wants a user name and password: give them with --username and --password-stdin")
	}
}

func refuse(why string) asker {
	return func(context.Context, tunnel.Question) (tunnel.Answer, error) {
		return tunnel.Answer{}, tunnel.CredentialProblem(errors.New(why))
	}
}
