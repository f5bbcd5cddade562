// Package server is the roof: it builds the rooms, ties them together, starts
// them in order and stops them in reverse. It holds no rules and no formats;
// where two rooms must meet, a small adapter stands here.
package server
