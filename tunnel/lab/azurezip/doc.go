// Package azurezip writes the profile package that Azure would generate for a lab's gateway, file by file in Azure's shape.
package azurezip
