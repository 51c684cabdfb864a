#if canImport(SwiftUI) && canImport(UIKit)
import SwiftUI
import TouchstoneFFI
import UIKit

/// The connect screen: heading, status, one large button, Cancel in one place, Help last.
///
/// It fills what it is given and scrolls. Colours are the system's own labels on the system's own background; text grows to the largest
/// accessibility size; nothing moves by itself.
public struct TouchstoneConnect: View {
    @StateObject private var session: ConnectSession
    @AccessibilityFocusState private var reading: Node?
    @Environment(\.scenePhase) private var phase

    /// The screen of a new attempt. `ended` is called once, on the main actor, with the report for support or with why there is none.
    public init(
        _ connector: DeviceConnector,
        texts: Texts = .packaged,
        beginsAtOnce: Bool = false,
        ended: @escaping @MainActor (Result<Report, any Error>) -> Void
    ) {
        _session = StateObject(
            wrappedValue: ConnectSession(connector, texts: texts, beginsAtOnce: beginsAtOnce, ended: ended))
    }

    public var body: some View {
        ScrollView {
            ConnectContent(model: session.model, reading: $reading)
                .padding()
                .frame(maxWidth: .infinity, alignment: .leading)
        }
        .environment(\.locale, Locale(identifier: session.language))
        .accessibilityAction(.magicTap) { session.model.pressPrimary() }
        .accessibilityAction(.escape) { session.escape() }
        .onAppear { session.appeared() }
        .onDisappear { session.disappeared() }
        .onChange(of: reading) { session.model.focusMoved(to: $0) }
        .onChange(of: phase) { session.phaseChanged(active: $0 == .active) }
    }
}

/// The nodes of the screen. Between two screens their texts change; the nodes stay, and with them the focus.
struct ConnectContent: View {
    @ObservedObject var model: ConnectModel
    let reading: AccessibilityFocusState<Node?>.Binding
    @FocusState private var typing: Bool

    var body: some View {
        VStack(alignment: .leading, spacing: 20) {
            if let picture = model.picture {
                Text(picture.title)
                    .font(.title.bold())
                    .accessibilityAddTraits(.isHeader)
                    .accessibilityFocused(reading, equals: .title)
                Text(picture.status)
                    .font(.title3)
                    .accessibilityAddTraits(.updatesFrequently)
                    .accessibilityFocused(reading, equals: .status)
                if let detail = picture.detail {
                    Text(detail)
                        .foregroundColor(.primary)
                        .accessibilityFocused(reading, equals: .detail)
                }
                if let entry = picture.entry {
                    EntryField(entry: entry, model: model, reading: reading, typing: $typing)
                }
                ForEach(picture.networks) { network in
                    NetworkRow(network: network) { model.choose(network) }
                        .accessibilityFocused(reading, equals: .network(network.id))
                }
                PrimaryButton(control: picture.primary, busy: picture.busy) { model.pressPrimary() }
                    .accessibilityFocused(reading, equals: .primary)
                ForEach(picture.secondary) { control in
                    SecondaryButton(control: control) { model.press(control) }
                        .accessibilityFocused(reading, equals: .control(control.id))
                }
                if let help = picture.help {
                    Text(help)
                        .accessibilityFocused(reading, equals: .help)
                }
            }
        }
        .onChange(of: model.wantedFocus) { node in
            guard let node else { return }
            typing = node == .field
            reading.wrappedValue = node
        }
        // Nothing is said while the keyboard moves.
        .onReceive(Self.keyboard(UIResponder.keyboardWillShowNotification)) { _ in model.uiReady(false) }
        .onReceive(Self.keyboard(UIResponder.keyboardDidShowNotification)) { _ in model.uiReady(true) }
        .onReceive(Self.keyboard(UIResponder.keyboardWillHideNotification)) { _ in model.uiReady(false) }
        .onReceive(Self.keyboard(UIResponder.keyboardDidHideNotification)) { _ in model.uiReady(true) }
    }

    private static func keyboard(_ name: Notification.Name) -> NotificationCenter.Publisher {
        NotificationCenter.default.publisher(for: name)
    }
}
#endif
