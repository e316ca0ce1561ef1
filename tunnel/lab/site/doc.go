// Package site is what stands in a lab's networks to be visited: pages over HTTP and name servers, which remember who came.
package site
