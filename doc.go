// Package flsim is the root of a simulator of communication-efficient federated learning.
//
// The command, in cmd/flsim, plays an experiment that a TOML file describes on a simulated clock: virtual clients
// download the model over links that they share, train it on their own data, encode their updates into bytes with a
// codec and upload those bytes; the server decodes, aggregates and evaluates. What comes out is test accuracy against
// bits transmitted. The packages lie on floors and import only lower ones; layering_test.go lists them.
package flsim
