#if canImport(SwiftUI) && canImport(UIKit)
import SwiftUI
import TouchstoneFFI
import UIKit

/// What is typed or counted, with a label that stays visible and an error that belongs to it.
struct EntryField: View {
    let entry: Picture.Entry
    @ObservedObject var model: ConnectModel
    let reading: AccessibilityFocusState<Node?>.Binding
    let typing: FocusState<Bool>.Binding

    var body: some View {
        VStack(alignment: .leading, spacing: 8) {
            // The field itself carries the label for the screen reader.
            Text(entry.label)
                .font(.headline)
                .accessibilityHidden(true)
            switch entry.kind {
            case .password: password
            case .networkName: name
            case .counts: CountsField(entry: entry, model: model, reading: reading)
            }
            if let error = entry.error {
                Label(error, systemImage: "exclamationmark.triangle")
                    .font(.body.bold())
                    .accessibilityLabel(error)
            }
            Text(entry.hint)
                .font(.callout)
                .accessibilityHidden(true)
        }
    }

    /// Pasting and filling in by a password manager are the system field's own.
    private var password: some View {
        Group {
            if entry.revealed {
                TextField(entry.label, text: $model.password)
            } else {
                SecureField(entry.label, text: $model.password)
            }
        }
        .textContentType(.password)
        .autocorrectionDisabled()
        .textInputAutocapitalization(.never)
        .submitLabel(.go)
        .modifier(Typed(entry: entry, reading: reading, typing: typing, submit: { model.pressPrimary() }))
    }

    private var name: some View {
        TextField(entry.label, text: $model.networkName)
            .autocorrectionDisabled()
            .textInputAutocapitalization(.never)
            .submitLabel(.continue)
            .modifier(Typed(entry: entry, reading: reading, typing: typing, submit: { model.pressPrimary() }))
    }
}

/// What both text fields have in common.
private struct Typed: ViewModifier {
    let entry: Picture.Entry
    let reading: AccessibilityFocusState<Node?>.Binding
    let typing: FocusState<Bool>.Binding
    let submit: () -> Void

    func body(content: Content) -> some View {
        content
            .padding()
            .frame(minHeight: 48)
            .overlay(RoundedRectangle(cornerRadius: 12).stroke(Color.primary))
            .accessibilityLabel(entry.label)
            .accessibilityHint(entry.spokenHint)
            .accessibilityFocused(reading, equals: .field)
            .focused(typing)
            .onSubmit(submit)
    }
}

/// Three numbers of 1 to 6; none is chosen beforehand.
struct CountsField: View {
    let entry: Picture.Entry
    @ObservedObject var model: ConnectModel
    let reading: AccessibilityFocusState<Node?>.Binding

    var body: some View {
        ForEach(model.counts.indices, id: \.self) { group in
            let label = model.label(ofGroup: group)
            Menu {
                ForEach(1...6, id: \.self) { number in
                    Button(String(number)) { model.count(number, group: group) }
                        .accessibilityLabel(String(number))
                }
            } label: {
                HStack {
                    Text(label)
                    Spacer()
                    Text(model.counts[group].map(String.init) ?? entry.hint)
                }
                .padding()
                .frame(maxWidth: .infinity, minHeight: 48)
                .foregroundColor(.primary)
                .overlay(RoundedRectangle(cornerRadius: 12).stroke(Color.primary))
            }
            .accessibilityLabel(label)
            .accessibilityValue(model.counts[group].map(String.init) ?? entry.hint)
            .accessibilityFocused(reading, equals: group == 0 ? .field : .group(group))
        }
    }
}
#endif
