package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"tocsin/internal/core/ledger"
	"tocsin/internal/core/plan"
)

const planInsert = `INSERT INTO plan_version (version, at, author, comment, plan, source) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (version) DO NOTHING`

// plan writes a new version. Another node that took the number first is a
// conflict.
func (p *pen) plan() error {
	v := p.b.Plan
	if v == nil {
		return nil
	}
	data, err := json.Marshal(v.Plan)
	if err != nil {
		return fmt.Errorf("write plan %d: %w", v.Version, err)
	}
	n, err := affected(p.t.exec(p.ctx, planInsert, v.Version, micros(v.At), v.Author, v.Comment, string(data), v.Source))
	if err == nil && n == 0 {
		return ledger.ErrConflict
	}
	return err
}

// LatestPlan reads the newest version of the plan; nil if there is none.
func (s *Store) LatestPlan(ctx context.Context) (*ledger.PlanVersion, error) {
	return one(ctx, s, scanPlan, ask("read the plan", `SELECT version, at, author, comment, plan, source FROM plan_version ORDER BY version DESC LIMIT 1`))
}

// PlanVersion reads one version with its plan; nil if there is none.
func (s *Store) PlanVersion(ctx context.Context, version int64) (*ledger.PlanVersion, error) {
	return one(ctx, s, scanPlan, ask("read a plan", `SELECT version, at, author, comment, plan, source FROM plan_version WHERE version = $1`, version))
}

// PlanVersions are the versions below one (0: the newest), newest first,
// without their plans and sources.
func (s *Store) PlanVersions(ctx context.Context, before int64, limit int) ([]ledger.PlanVersion, error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	return list(ctx, s, func(rows *sql.Rows) (v ledger.PlanVersion, err error) {
		var at int64
		err = rows.Scan(&v.Version, &at, &v.Author, &v.Comment)
		v.At = fromMicros(at)
		return v, err
	}, ask("list plans", `SELECT version, at, author, comment FROM plan_version WHERE version < $1 ORDER BY version DESC LIMIT $2`, before, bound(limit)))
}

func scanPlan(rows *sql.Rows) (v ledger.PlanVersion, err error) {
	var at int64
	var data []byte
	if err = rows.Scan(&v.Version, &at, &v.Author, &v.Comment, &data, &v.Source); err != nil {
		return v, err
	}
	v.At, v.Plan = fromMicros(at), new(plan.Plan)
	if err = json.Unmarshal(data, v.Plan); err != nil {
		return v, fmt.Errorf("plan %d: %w", v.Version, err)
	}
	v.Plan.Version = v.Version
	if err = v.Plan.Prepare(time.LoadLocation); err != nil {
		return v, fmt.Errorf("plan %d: %w", v.Version, err)
	}
	return v, nil
}
