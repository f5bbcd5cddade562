package alertmanager_test

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkBatch is a full batch of Prometheus: 256 alerts of some 850 bytes.
func BenchmarkBatch(b *testing.B) {
	var body strings.Builder
	for i := range 256 {
		fmt.Fprintf(&body, `,{"labels":{"alertname":"HighLatency","instance":"web%d:9090","job":"shop","severity":"warning","cluster":"eu-1"},"annotations":{"summary":"Latency is high","description":%q},"startsAt":"2026-08-22T09:59:12.189Z","generatorURL":"http://prom.example.com/graph?g0.expr=x"}`, i, strings.Repeat("why ", 120))
	}
	batch := "[" + body.String()[1:] + "]"
	b.SetBytes(int64(len(batch)))
	d := door()
	for b.Loop() {
		if rec := send(d, batch); rec.Code != 200 {
			b.Fatal(rec.Body)
		}
	}
	b.ReportMetric(float64(b.N*256)/b.Elapsed().Seconds(), "alerts/s")
}
