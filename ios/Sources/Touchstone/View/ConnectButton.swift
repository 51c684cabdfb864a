#if canImport(SwiftUI) && canImport(UIKit)
import SwiftUI
import TouchstoneFFI

/// The one button an app needs: it opens the connect screen and begins.
///
/// ```swift
/// ConnectButton(connector) { result in
///     // .success is a report for support; what happened has been shown and said already.
/// }
/// ```
public struct ConnectButton: View {
    @State private var connecting = false
    private let connector: DeviceConnector
    private let texts: Texts
    private let ended: @MainActor (Result<Report, any Error>) -> Void

    /// A button for devices that `connector` knows how to connect.
    public init(
        _ connector: DeviceConnector,
        texts: Texts = .packaged,
        ended: @escaping @MainActor (Result<Report, any Error>) -> Void = { _ in }
    ) {
        self.connector = connector
        self.texts = texts
        self.ended = ended
    }

    public var body: some View {
        PrimaryButton(control: .connect(texts), busy: false) { connecting = true }
            .sheet(isPresented: $connecting) {
                TouchstoneConnect(connector, texts: texts, beginsAtOnce: true) { result in
                    connecting = false
                    ended(result)
                }
            }
    }
}
#endif
