package intake_test

import (
	"testing"

	"github.com/prometheus/common/model"
	"pgregory.net/rapid"

	"tocsin/internal/core/signal"
	"tocsin/internal/intake"
)

func TestFingerprintIsPrometheus(t *testing.T) {
	t.Parallel()
	check := func(l signal.Labels) (have, want string) {
		set := model.LabelSet{}
		for n, v := range l {
			set[model.LabelName(n)] = model.LabelValue(v)
		}
		return intake.Fingerprint(l), set.Fingerprint().String()
	}
	if have, want := check(signal.Labels{}); have != want {
		t.Errorf("empty set: %s, want %s", have, want)
	}
	rapid.Check(t, func(t *rapid.T) {
		l := signal.Labels(rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "labels"))
		if have, want := check(l); have != want {
			t.Fatalf("%v: %s, want %s", l, have, want)
		}
	})
}
