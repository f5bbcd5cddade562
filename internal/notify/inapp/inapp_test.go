package inapp_test

import (
	"testing"

	"tocsin/internal/notify/inapp"
	"tocsin/internal/notify/notifytest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	notifytest.Exercise(t, inapp.New(), notifytest.World{Settings: map[string]string{}})
}

func TestDelivered(t *testing.T) {
	t.Parallel()
	r, err := inapp.New().Send(t.Context(), notifytest.Delivery(notifytest.World{}, notifytest.Page()))
	if err != nil || r.Status != "delivered" {
		t.Errorf("got %+v, %v", r, err)
	}
}
