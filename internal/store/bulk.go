package store

import (
	"strconv"
	"strings"
)

// colType is the type of a column in a bulk statement.
type colType byte

const (
	text   colType = 't'
	number colType = 'n'
)

// bulk is one statement for many rows. PostgreSQL runs it once over arrays
// (unnest), SQLite row by row or as lists of values: each is the fastest way
// there, and the meaning is the same.
type bulk struct {
	// types has a letter a column: t for TEXT, n for BIGINT.
	types string
	// key is the column that rows are sorted by.
	key int
	// into and after make an insert: "INSERT INTO t (a, b)" and "ON CONFLICT ...".
	into, after string
	// each is any other statement, for one row; over is the same over the rows
	// of a relation d (c1, c2, ...), and ends before its FROM list's arrays.
	each, over string
	// where ends over.
	where string
}

// lists are the sizes in which SQLite gets an insert's rows, so that a handful
// of prepared statements serves every number of rows.
var lists = [...]int{32, 8, 1}

// values writes an insert of n rows for SQLite. Its placeholders have no numbers:
// SQLite keeps numbered ones as names and looks each up in a list, which for 32
// rows took a third of a commit.
func (b *bulk) values(n int) string {
	row := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(b.types)), ", ") + ")"
	all := strings.TrimSuffix(strings.Repeat(row+", ", n), ", ")
	return strings.TrimSpace(b.into + " VALUES " + all + " " + b.after)
}

// unnest writes the statement over arrays.
func (b *bulk) unnest() string {
	arrays, names := make([]string, len(b.types)), make([]string, len(b.types))
	for i, t := range []byte(b.types) {
		kind := "text"
		if colType(t) == number {
			kind = "bigint"
		}
		arrays[i] = "$" + strconv.Itoa(i+1) + "::" + kind + "[]"
		names[i] = "c" + strconv.Itoa(i+1)
	}
	from := "unnest(" + strings.Join(arrays, ", ") + ") AS d (" + strings.Join(names, ", ") + ")"
	if b.into == "" {
		return b.over + " " + from + " " + b.where
	}
	return strings.TrimSpace(b.into + " SELECT " + strings.Join(names, ", ") + " FROM " + from + " " + b.after)
}

// columns turns rows into one typed slice a column.
func (b *bulk) columns(rows [][]any) []any {
	out := make([]any, len(b.types))
	for i, t := range []byte(b.types) {
		if colType(t) == number {
			col := make([]int64, len(rows))
			for r := range rows {
				col[r] = rows[r][i].(int64)
			}
			out[i] = col
			continue
		}
		col := make([]string, len(rows))
		for r := range rows {
			col[r] = rows[r][i].(string)
		}
		out[i] = col
	}
	return out
}
