// Package demo shows Footbridge at work in a lab, step by step in plain words, and checks each step. It is for Linux.
package demo
