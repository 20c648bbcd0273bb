package host

// firstConfig is the machine's credd.toml before root writes one.
const firstConfig = `# The credd of this machine, for all its users. See docs/system.md and docs/configuration.md of credd.
version = 1
`
