package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"tocsin/internal/core/fact"
)

// cost is what one hash takes.
type cost struct {
	passes uint32
	memory uint32 // KiB
}

// owasp is Argon2id with OWASP's second recommendation: 19 MiB, two passes,
// one lane.
var owasp = cost{passes: 2, memory: 19 * 1024}

const (
	argonThreads = 1
	argonKey     = 32
)

const (
	minPassword = 10
	maxPassword = 256 // a bound on work, not on imagination
)

func checkPassword(password, id, email string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < minPassword:
		return fact.Refuse("invalid", "password", fmt.Sprintf("a password has at least %d characters; three words do well", minPassword))
	case n > maxPassword:
		return fact.Refuse("invalid", "password", fmt.Sprintf("a password has at most %d characters", maxPassword))
	case strings.EqualFold(password, id) || (email != "" && strings.EqualFold(password, email)):
		return fact.Refuse("invalid", "password", "a password is not one's own name")
	}
	return nil
}

// hash makes a PHC string: $argon2id$v=19$m=..,t=..,p=..$salt$key.
func (a *Auth) hash(password string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails: crypto/rand crashes the program instead
	key := a.argon(password, salt)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, a.cost.memory, a.cost.passes, argonThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

func (a *Auth) argon(password string, salt []byte) []byte {
	a.hashes <- struct{}{}
	defer func() { <-a.hashes }()
	return argon2.IDKey([]byte(password), salt, a.cost.passes, a.cost.memory, argonThreads, argonKey)
}

// matches checks a password in the same time whether or not there is a hash,
// so that the time of an answer does not say which accounts exist.
func (a *Auth) matches(hash, password string) bool {
	if utf8.RuneCountInString(password) > maxPassword {
		password = ""
	}
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		a.argon(password, make([]byte, 16))
		return false
	}
	var version, lanes int
	var c cost
	_, errV := fmt.Sscanf(parts[2], "v=%d", &version)
	_, errP := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &lanes)
	salt, errS := base64.RawStdEncoding.DecodeString(parts[4])
	key, errK := base64.RawStdEncoding.DecodeString(parts[5])
	if errV != nil || errP != nil || errS != nil || errK != nil || version != argon2.Version ||
		c != a.cost || lanes != argonThreads {
		a.argon(password, make([]byte, 16))
		return false
	}
	return subtle.ConstantTimeCompare(a.argon(password, salt), key) == 1
}
