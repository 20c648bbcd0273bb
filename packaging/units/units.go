// Package units holds the texts by which service managers run credd. CREDD in a text stands for credd's whole path.
package units
