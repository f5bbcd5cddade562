package intake

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
)

// WriteJSON answers with one JSON value.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer could not be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// RetrySeconds is what a sender is asked to wait when the door is busy.
const RetrySeconds = "1"

// SubmitStatus is the status and the plain reason for an error of Door.Submit
// or Door.Ping: 429 with Retry-After for ErrBusy, else 500. Nothing was taken
// in either case, so the sender should send again.
func SubmitStatus(w http.ResponseWriter, err error) (status int, why string) {
	if errors.Is(err, ErrBusy) {
		w.Header().Set("Retry-After", RetrySeconds)
		return http.StatusTooManyRequests, "too many events at once, please send again"
	}
	return http.StatusInternalServerError, "the event could not be written to disk, please send again"
}

// NewKey makes a dedup key for an event that brought none: 32 hex digits.
func NewKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails
	return hex.EncodeToString(b[:])
}
