// Package shop is the demo's patient: a small shop that really serves pages,
// carts and orders on loopback, and really breaks: its database slows down,
// its payments fail, its listener closes, its certificate runs out.
//
// It sells nothing, keeps nothing on disk, says on every page that it is a
// demo, and never listens anywhere but on loopback.
package shop
