package dev.touchstone.ui

import android.app.Activity
import android.content.Context
import android.content.ContextWrapper
import android.content.res.Configuration
import android.os.Build
import android.os.Handler
import android.os.Looper
import android.os.Parcelable
import android.text.Editable
import android.text.InputFilter
import android.text.InputType
import android.text.TextWatcher
import android.text.method.PasswordTransformationMethod
import android.util.AttributeSet
import android.util.SparseArray
import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.view.accessibility.AccessibilityNodeInfo
import android.view.inputmethod.EditorInfo
import android.view.inputmethod.InputMethodManager
import android.widget.Button
import android.widget.EditText
import android.widget.FrameLayout
import android.widget.LinearLayout
import android.widget.RadioButton
import android.widget.RadioGroup
import android.widget.TextView
import dev.touchstone.Attempt
import dev.touchstone.R
import dev.touchstone.flow.Action
import dev.touchstone.flow.ActionId
import dev.touchstone.flow.Arg
import dev.touchstone.flow.Cue
import dev.touchstone.flow.Field
import dev.touchstone.flow.FieldKind
import dev.touchstone.flow.FocusTarget
import dev.touchstone.flow.Msg
import dev.touchstone.flow.MsgId
import dev.touchstone.flow.Screen
import java.util.concurrent.Executor
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

/**
 * One button that connects a device, with everything a person needs around it: a heading, the status, what to type into, and the secondary actions.
 *
 * A framework view that any activity can show, from XML or from code; give it an [attempt]. It draws each screen of the attempt as it is, hands
 * announcements to the screen reader, vibrates and plays short sounds, opens the system's dialogs, and tells the attempt what the person does. The
 * attempt belongs to the app and outlives the view: after a rotation the new view goes on where the old one was.
 *
 * The app may theme it and override every `ts_` text. It cannot remove the status, make a target smaller, or switch off the live regions.
 */
public class ConnectButton @JvmOverloads constructor(
    context: Context,
    attributes: AttributeSet? = null,
    defaultStyle: Int = 0,
) : FrameLayout(context, attributes, defaultStyle) {
    private val main = Handler(Looper.getMainLooper())
    private var scope: CoroutineScope? = null
    private var presenter: Presenter? = null
    private var texts = Texts(resources)
    private val signals = Signals(context)
    private var hadFocus = false

    private val pane: View
    private val title: TextView
    private val statusGroup: View
    private val status: TextView
    private val detail: TextView
    private val networks: RadioGroup
    private val fieldGroup: View
    private val fieldLabel: TextView
    private val input: EditText
    private val counts: View
    private val countFields: List<EditText>
    private val fieldHint: TextView
    private val fieldError: TextView
    private val primary: Button
    private val secondary: LinearLayout
    private val help: TextView
    private var announcer: Announcer

    /** The attempt that is drawn; `null` for none. Set it on the main thread. */
    public var attempt: Attempt? = null
        set(value) {
            if (field === value) return
            field = value
            presenter = value?.let(::Presenter)
            restart()
        }

    init {
        LayoutInflater.from(context).inflate(R.layout.touchstone_connect, this, true)
        pane = findViewById(R.id.touchstone_pane)
        title = findViewById(R.id.touchstone_title)
        statusGroup = findViewById(R.id.touchstone_status_group)
        status = findViewById(R.id.touchstone_status)
        detail = findViewById(R.id.touchstone_detail)
        networks = findViewById(R.id.touchstone_networks)
        fieldGroup = findViewById(R.id.touchstone_field_group)
        fieldLabel = findViewById(R.id.touchstone_field_label)
        input = findViewById(R.id.touchstone_field)
        counts = findViewById(R.id.touchstone_counts)
        countFields = listOf(R.id.touchstone_count_1, R.id.touchstone_count_2, R.id.touchstone_count_3).map { findViewById(it) }
        fieldHint = findViewById(R.id.touchstone_field_hint)
        fieldError = findViewById(R.id.touchstone_field_error)
        primary = findViewById(R.id.touchstone_primary)
        secondary = findViewById(R.id.touchstone_secondary)
        help = findViewById(R.id.touchstone_help)
        announcer = Announcer(findViewById(R.id.touchstone_region_polite), findViewById(R.id.touchstone_region_assertive), texts)

        primary.setOnClickListener { presenter?.screen?.let { press(it.primary.id) } }
        val enter = TextView.OnEditorActionListener { _, action, _ ->
            if (action == EditorInfo.IME_ACTION_DONE) primary.performClick()
            action == EditorInfo.IME_ACTION_DONE
        }
        input.setOnEditorActionListener(enter)
        input.addTextChangedListener(Draft())
        input.filters = arrayOf<InputFilter>(InputFilter.LengthFilter(LONGEST_TEXT))
        countFields.last().setOnEditorActionListener(enter)
        (countFields + input).forEach { it.accessibilityDelegate = FieldError }
    }

    override fun onAttachedToWindow() {
        super.onAttachedToWindow()
        restart()
    }

    override fun onDetachedFromWindow() {
        scope?.cancel()
        scope = null
        attempt?.uiReady(false)
        attempt?.hostedBy(null)
        announcer.clear()
        super.onDetachedFromWindow()
    }

    /** A dialog of the system, another app, or the way back from one. */
    override fun onWindowFocusChanged(hasWindowFocus: Boolean) {
        super.onWindowFocusChanged(hasWindowFocus)
        val attempt = attempt ?: return
        if (!hasWindowFocus) {
            attempt.uiReady(false)
        } else {
            attempt.setContext(Surroundings.read(context, signals))
            attempt.uiReady(true)
            if (hadFocus) attempt.returned()
            hadFocus = true
        }
    }

    /** Language and direction can change in the middle of a set-up. */
    override fun onConfigurationChanged(newConfig: Configuration) {
        super.onConfigurationChanged(newConfig)
        texts = Texts(resources)
        announcer = Announcer(findViewById(R.id.touchstone_region_polite), findViewById(R.id.touchstone_region_assertive), texts)
        presenter?.screen?.let(::draw)
    }

    /** The attempt keeps what is shown, and a password belongs into no saved state. */
    override fun dispatchSaveInstanceState(container: SparseArray<Parcelable>): Unit = Unit

    override fun dispatchRestoreInstanceState(container: SparseArray<Parcelable>): Unit = Unit

    private fun restart() {
        scope?.cancel()
        scope = null
        val attempt = attempt ?: return
        if (!isAttachedToWindow) return
        val here = CoroutineScope(SupervisorJob() + Executor(main::post).asCoroutineDispatcher())
        scope = here
        attempt.hostedBy(activity())
        set(input, attempt.draft)
        attempt.setContext(Surroundings.read(context, signals))
        attempt.uiReady(hasWindowFocus())
        here.launch { attempt.screen.collect { it?.let(::show) } }
        here.launch { attempt.cues.collect(::give) }
    }

    private fun activity(): Activity? {
        var here: Context? = context
        while (here is ContextWrapper && here !is Activity) here = here.baseContext
        return here as? Activity
    }

    private fun press(action: ActionId) {
        presenter?.press(action, Typed(input.text, countFields.map { it.text }))
    }

    private fun give(cue: Cue) {
        when (cue) {
            is Cue.Say -> attempt?.said(cue.id, announcer.say(cue))
            is Cue.Feel -> signals.feel(cue.v1)
            is Cue.Play -> signals.play(cue.v1)
        }
    }

    private fun show(screen: Screen) {
        val presenter = presenter ?: return
        val vanished = accessibilityFocused()
        val focus = presenter.show(screen)
        draw(screen)
        if (!Presenter.keepsText(screen)) input.text = null
        move(focus, vanished)
    }

    private fun draw(screen: Screen) {
        set(title, texts.text(screen.title))
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) pane.accessibilityPaneTitle = title.text
        set(status, texts.text(screen.status))
        setOrHide(detail, screen.detail?.let(texts::text))
        // Read as one stop: the status, and the quiet second line.
        statusGroup.contentDescription = listOfNotNull(status.text, detail.text.takeIf { screen.detail != null }).joinToString(separator = "\n")
        drawNetworks(screen)
        drawField(screen.field)
        set(primary, texts.text(screen.primary.label))
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            primary.stateDescription = Presenter.stateDescription(screen)?.let(texts::text)
        }
        drawSecondary(screen.secondary)
        setOrHide(help, screen.help?.let(texts::text))
    }

    private fun drawNetworks(screen: Screen) {
        val choice = Presenter.choice(screen)
        networks.visibility = if (choice == null) GONE else VISIBLE
        networks.setOnCheckedChangeListener(null)
        if (choice == null) return networks.removeAllViews()
        while (networks.childCount > choice.items.size) networks.removeViewAt(networks.childCount - 1)
        while (networks.childCount < choice.items.size) {
            val entry = LayoutInflater.from(context).inflate(R.layout.touchstone_network, networks, false)
            entry.id = View.generateViewId()
            networks.addView(entry)
        }
        choice.items.forEachIndexed { index, item -> set(networks.getChildAt(index) as RadioButton, item.ssid) }
        val selected = choice.selected?.let(networks::getChildAt)
        if (selected == null) networks.clearCheck() else networks.check(selected.id)
        networks.setOnCheckedChangeListener { group, id ->
            val index = group.indexOfChild(group.findViewById(id))
            if (index >= 0) presenter?.choose(index)
        }
    }

    private fun drawField(shown: Field?) {
        fieldGroup.visibility = if (shown == null) GONE else VISIBLE
        if (shown == null) return
        val counting = shown.kind == FieldKind.COUNTS
        counts.visibility = if (counting) VISIBLE else GONE
        input.visibility = if (counting) GONE else VISIBLE
        set(fieldLabel, texts.text(shown.label))
        fieldLabel.labelFor = if (counting) R.id.touchstone_count_1 else R.id.touchstone_field
        val hint = texts.text(shown.hint)
        set(fieldHint, hint)
        val error = shown.error?.let(texts::text)
        setOrHide(fieldError, error)
        (countFields + input).forEach { it.setTag(R.id.touchstone_field_error, error) }
        countFields.forEachIndexed { index, number ->
            number.hint = texts.text(Msg(MsgId.FIELD_GROUP, listOf(Arg.Count((index + 1).toUInt()))))
        }
        if (!counting) drawText(shown)
    }

    private fun drawText(shown: Field) {
        val password = shown.kind == FieldKind.PASSWORD
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.O) {
            if (password) input.setAutofillHints(View.AUTOFILL_HINT_PASSWORD) else input.setAutofillHints(null)
        }
        val type = InputType.TYPE_CLASS_TEXT or when {
            !password -> InputType.TYPE_TEXT_FLAG_NO_SUGGESTIONS
            shown.revealed -> InputType.TYPE_TEXT_VARIATION_VISIBLE_PASSWORD
            else -> InputType.TYPE_TEXT_VARIATION_PASSWORD
        }
        if (input.inputType == type) return
        // Changing the kind of text must not move the cursor.
        val (start, end) = input.selectionStart to input.selectionEnd
        val was = input.inputType
        input.inputType = type
        input.transformationMethod = if (password && !shown.revealed) PasswordTransformationMethod.getInstance() else null
        val otherKind = was.isPassword() != type.isPassword()
        if (otherKind) input.text = null else if (start >= 0) input.setSelection(start, end)
    }

    private fun Int.isPassword() = this and InputType.TYPE_MASK_VARIATION in
        setOf(InputType.TYPE_TEXT_VARIATION_PASSWORD, InputType.TYPE_TEXT_VARIATION_VISIBLE_PASSWORD)

    /** A control that stays keeps its view, and with it the focus. */
    private fun drawSecondary(actions: List<Action>) {
        val before = (0 until secondary.childCount).map { secondary.getChildAt(it) as Button }.associateBy { it.tag as ActionId }
        before.filterKeys { id -> actions.none { it.id == id } }.values.forEach(secondary::removeView)
        actions.forEachIndexed { index, action ->
            val button = before[action.id] ?: action(action.id)
            set(button, texts.text(action.label))
            if (secondary.indexOfChild(button) != index) {
                secondary.removeView(button)
                secondary.addView(button, index)
            }
        }
    }

    private fun action(id: ActionId): Button {
        val button = LayoutInflater.from(context).inflate(R.layout.touchstone_action, secondary, false) as Button
        button.tag = id
        button.setOnClickListener { press(id) }
        return button
    }

    private fun accessibilityFocused(): View? = findAccessibilityFocus(this)

    private fun findAccessibilityFocus(view: View): View? = when {
        view.isAccessibilityFocused -> view
        view is ViewGroup -> (0 until view.childCount).firstNotNullOfOrNull { findAccessibilityFocus(view.getChildAt(it)) }
        else -> null
    }

    private fun move(focus: FocusTarget?, before: View?) {
        when (focus) {
            FocusTarget.TITLE -> title.takeFocus()
            FocusTarget.TITLE_IF_LOST -> if (before != null && !before.isShown) title.takeFocus()
            FocusTarget.FIELD -> openField()
            null -> {}
        }
    }

    private fun View.takeFocus() {
        performAccessibilityAction(AccessibilityNodeInfo.ACTION_ACCESSIBILITY_FOCUS, null)
    }

    /** Nothing is said while the keyboard opens. */
    private fun openField() {
        val target = if (counts.visibility == VISIBLE) countFields.first() else input
        attempt?.uiReady(false)
        target.requestFocus()
        target.takeFocus()
        context.getSystemService(InputMethodManager::class.java)?.showSoftInput(target, InputMethodManager.SHOW_IMPLICIT)
        main.postDelayed({ if (hasWindowFocus()) attempt?.uiReady(true) }, KEYBOARD)
    }

    private fun set(view: TextView, text: CharSequence) {
        // Setting the same text again would make a screen reader look once more.
        if (view.text.toString() != text.toString()) view.text = text
    }

    private fun setOrHide(view: TextView, text: CharSequence?) {
        set(view, text ?: "")
        view.visibility = if (text == null) GONE else VISIBLE
    }

    /** Keeps what is typed with the attempt, which outlives this view. */
    private inner class Draft : TextWatcher {
        override fun beforeTextChanged(text: CharSequence, start: Int, count: Int, after: Int) = Unit

        override fun onTextChanged(text: CharSequence, start: Int, before: Int, count: Int) = Unit

        override fun afterTextChanged(text: Editable) {
            attempt?.draft = text.toString()
        }
    }

    /** Ties the error to the field it is about. */
    private object FieldError : AccessibilityDelegate() {
        override fun onInitializeAccessibilityNodeInfo(host: View, info: AccessibilityNodeInfo) {
            super.onInitializeAccessibilityNodeInfo(host, info)
            val error = host.getTag(R.id.touchstone_field_error) as? CharSequence ?: return
            info.error = error
            info.isContentInvalid = true
        }
    }

    private companion object {
        /** How long a keyboard takes to open. */
        const val KEYBOARD = 300L

        /** More than any password or name; what is too long is told, not cut off. */
        const val LONGEST_TEXT = 256
    }
}
