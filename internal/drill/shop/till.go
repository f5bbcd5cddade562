package shop

import (
	"crypto/rand"
	"fmt"
	"sync"
)

// product is something that the demo pretends to sell.
type product struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Blurb string `json:"blurb"`
	Cents int    `json:"cents"`
}

// Price is for people.
func (p product) Price() string { return price(p.Cents) }

func price(cents int) string { return fmt.Sprintf("%d.%02d €", cents/100, cents%100) }

func catalogue() []product {
	return []product{
		{"hand-bell", "Hand bell", "Brass, for the dinner table.", 1900},
		{"ship-bell", "Ship's bell", "Bronze, heard across a harbour.", 12900},
		{"cow-bell", "Cow bell", "Hammered tin. Needs more of itself.", 2400},
		{"tocsin", "Tocsin", "Cast iron, one tone. For emergencies only.", 88000},
	}
}

func find(id string) (product, bool) {
	for _, p := range catalogue() {
		if p.ID == id {
			return p, true
		}
	}
	return product{}, false
}

const (
	maxCarts = 1000
	maxEach  = 99
)

// till holds carts and counts orders. It forgets the oldest cart rather than
// grow.
type till struct {
	mu     sync.Mutex
	carts  map[string]map[string]int // visitor, product
	order  []string                  // visitors, oldest first
	orders int
	failed int
}

func newTill() *till { return &till{carts: map[string]map[string]int{}} }

func newVisitor() string { return rand.Text() }

func (t *till) add(visitor, id string, count int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	cart := t.carts[visitor]
	if cart == nil {
		if len(t.order) >= maxCarts {
			delete(t.carts, t.order[0])
			t.order = t.order[1:]
		}
		cart = map[string]int{}
		t.carts[visitor] = cart
		t.order = append(t.order, visitor)
	}
	cart[id] = min(max(cart[id]+count, 0), maxEach)
	if cart[id] == 0 {
		delete(cart, id)
	}
}

// line is one row of a cart.
type line struct {
	Product product `json:"product"`
	Count   int     `json:"count"`
}

// cart is what a visitor gathered, in the catalogue's order.
type cart struct {
	Lines []line `json:"lines"`
	Cents int    `json:"total_cents"`
}

// Total is for people.
func (c cart) Total() string { return price(c.Cents) }

func cartOf(counts map[string]int) cart {
	c := cart{Lines: []line{}}
	for _, p := range catalogue() {
		if n := min(counts[p.ID], maxEach); n > 0 {
			c.Lines = append(c.Lines, line{Product: p, Count: n})
			c.Cents += n * p.Cents
		}
	}
	return c
}

func (t *till) cart(visitor string) cart {
	t.mu.Lock()
	defer t.mu.Unlock()
	return cartOf(t.carts[visitor])
}

// sold numbers an order and empties the cart.
func (t *till) sold(visitor string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.carts[visitor]; c != nil {
		clear(c)
	}
	t.orders++
	return fmt.Sprintf("DEMO-%d", 1000+t.orders)
}

func (t *till) refused() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed++
}

func (t *till) counts() (orders, failed int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.orders, t.failed
}
