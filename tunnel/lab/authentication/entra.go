package authentication

import (
	"context"
	"log/slog"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
)

// EntraUsername is the user name that comes with an access token to Azure's gateways.
const EntraUsername = "AzureAD"

// Validate checks an access token; entra.Provider and entra.Verifier have one.
type Validate func(token string) (entra.Claims, error)

// Entra accepts users whose password is a valid access token. Others learn no reason, as with Azure; the logger does (nil: nobody).
func Entra(validate Validate, logger *slog.Logger) gateway.Authenticator {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return func(_ context.Context, login gateway.Login) (gateway.Decision, error) {
		claims, err := validate(string(login.Password))
		if err != nil {
			logger.Info("refuse access token", "remote", login.Remote, "renegotiation", login.Renegotiation, "error", err)
			return refuse(""), nil
		}
		return gateway.Decision{Outcome: gateway.Accept, Name: claims.Username}, nil
	}
}
