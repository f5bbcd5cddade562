package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// jsonFormat is JSON whose mistakes name their position. Broken UTF-8 is
// refused here: encoding/json would quietly replace it.
func jsonFormat() huma.Format {
	return huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
}

func unmarshal(data []byte, v any) error {
	if !utf8.Valid(data) {
		return fmt.Errorf("the body is not UTF-8 at %s", position(data, firstBroken(data)))
	}
	err := json.Unmarshal(data, v)
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("the body is not JSON: %s at %s", syntax.Error(), position(data, int(syntax.Offset)))
	case errors.As(err, &wrong):
		return fmt.Errorf("%s cannot be %s, at %s", wrong.Field, wrong.Value, position(data, int(wrong.Offset)))
	}
	return err
}

func firstBroken(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i + 1
		}
		i += size
	}
	return len(data)
}

// position counts lines and bytes in a line from 1. offset is the number of
// bytes up to and including the bad one.
func position(data []byte, offset int) string {
	offset = min(max(offset, 1), max(len(data), 1))
	line, column := 1, 1
	for _, b := range data[:min(offset-1, len(data))] {
		column++
		if b == '\n' {
			line, column = line+1, 1
		}
	}
	return fmt.Sprintf("line %d, column %d (byte %d)", line, column, offset)
}
