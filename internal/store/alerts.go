package store

import (
	"context"
	"database/sql"
	"encoding/json"

	"tocsin/internal/core/alert"
)

// Alert reads one alert, open or over; nil if there is none.
func (s *Store) Alert(ctx context.Context, id string) (*alert.State, error) {
	a, err := one(ctx, s, "read an alert", scanAlert, `SELECT state FROM alert WHERE id = $1`, id)
	if err != nil || a == nil {
		return nil, err
	}
	return *a, nil
}

func scanAlert(rows *sql.Rows) (*alert.State, error) {
	var data []byte
	if err := rows.Scan(&data); err != nil {
		return nil, err
	}
	a := new(alert.State)
	return a, json.Unmarshal(data, a)
}
