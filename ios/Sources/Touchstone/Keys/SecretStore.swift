import Foundation

/// Small secrets that stay on this phone, by service and name.
///
/// ``Keychain`` is the one to use; tests bring their own.
public protocol SecretStore: Sendable {
    /// What is kept under this name, or `nil`.
    func read(service: String, name: String) throws -> Data?
    /// Keeps `secret` under this name, in place of what was there. On return it is durable.
    func write(_ secret: Data, service: String, name: String) throws
    /// Forgets what is kept under this name, if anything.
    func remove(service: String, name: String) throws
}

/// Why a secret could not be kept or found.
public struct SecretStoreError: Error, Equatable {
    /// The system's own number for it; for reports.
    public let status: Int32

    /// An error with the system's number.
    public init(status: Int32) {
        self.status = status
    }
}
