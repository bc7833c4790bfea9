/// The version that `--version` and the status of a node tell.
package enum Version {
    package static let text = "0.1.0"
}
