import Glibc

/// The descriptors 0 to 2, which every program takes for its input, its output and its errors.
package enum StandardDescriptors {
    /// Sees to it that each is taken; called before anything is opened.
    ///
    /// What a program opens gets the least number that is free, and what it says would go into that
    /// file. To read from or write to one that was closed fails as before (EBADF).
    package static func hold() {
        for descriptor in STDIN_FILENO...STDERR_FILENO
        where fcntl(descriptor, F_GETFD) < 0 {
            let mode = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY
            _ = unsafe open("/dev/null", mode)
        }
    }
}
