/// The release that this build is, told by `--version` of both programs and by the status of a node.
package enum Release {
    package static let version = "0.1.0"
}
