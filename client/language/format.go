package language

import (
	"strings"
	"time"

	"golang.org/x/text/number"
)

// Number writes a whole number with the language's separators.
func (t *Texts) Number(n int64) string { return t.printer().Sprint(number.Decimal(n)) }

// Decimal writes a number with at most so many digits after the language's decimal mark.
func (t *Texts) Decimal(f float64, digits int) string {
	return t.printer().Sprint(number.Decimal(f, number.MaxFractionDigits(digits)))
}

// kilo is the factor between units of bytes: SI prefixes, as disks and networks are sold.
const kilo = 1000

// Bytes writes an amount of data with three digits or fewer: "1.5 MB".
func (t *Texts) Bytes(n uint64) string { return t.scaled(float64(n)) }

// Rate writes an amount of data a second: "1.5 MB/s".
func (t *Texts) Rate(bytesPerSecond float64) string {
	return t.Text("format.rate", Values{"Amount": t.scaled(bytesPerSecond)})
}

func (t *Texts) scaled(n float64) string {
	units := strings.Fields(t.Text("format.units", nil)) // French counts octets
	unit := 0
	for n >= kilo && unit < len(units)-1 {
		n /= kilo
		unit++
	}
	digits := 0
	if unit > 0 && n < 100 {
		digits = 1
	}
	return t.Decimal(n, digits) + " " + units[unit]
}

// Duration writes a duration in its two largest units: "2 h 5 min".
func (t *Texts) Duration(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return t.Text("format.seconds", Values{"Seconds": t.Number(int64(d / time.Second))})
	case d < time.Hour:
		return t.Text("format.minutes", Values{"Minutes": t.Number(int64(d / time.Minute)), "Seconds": t.Number(int64(d % time.Minute / time.Second))})
	case d < 24*time.Hour:
		return t.Text("format.hours", Values{"Hours": t.Number(int64(d / time.Hour)), "Minutes": t.Number(int64(d % time.Hour / time.Minute))})
	default:
		return t.Text("format.days", Values{"Days": t.Number(int64(d / (24 * time.Hour))), "Hours": t.Number(int64(d % (24 * time.Hour) / time.Hour))})
	}
}

// Moment writes a time of this computer's zone to the second.
func (t *Texts) Moment(moment time.Time) string {
	return moment.Local().Format(t.Text("format.moment", nil))
}

// Date writes a day of this computer's zone.
func (t *Texts) Date(moment time.Time) string {
	return moment.Local().Format(t.Text("format.date", nil))
}
