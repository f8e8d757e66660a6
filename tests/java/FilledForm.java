import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.FormIndex;
import org.javarosa.core.model.SelectChoice;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.instance.InstanceInitializationFactory;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.core.services.transport.payload.ByteArrayPayload;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryModel;
import org.javarosa.form.api.FormEntryPrompt;
import org.javarosa.model.xform.XFormSerializingVisitor;
import org.javarosa.xform.parse.XFormParser;
import org.javarosa.xform.util.XFormAnswerDataParser;
import org.javarosa.xform.util.XFormAnswerDataSerializer;

/** One form being filled by JavaRosa; paths carry positions: /data/member[2]/age. */
final class FilledForm {
    private final FormDef form;
    private final FormEntryController controller;
    private final Map<String, FormIndex> indexes = new HashMap<>();
    private final XFormAnswerDataSerializer texts = new XFormAnswerDataSerializer();

    /** Begins a new instance, or takes up {@code saved} instance XML where it is not null. */
    FilledForm(FormDef form, String saved) throws Exception {
        this.form = form;
        if (saved == null) {
            form.initialize(true, new InstanceInitializationFactory());
        } else {
            takeUp(saved);
        }
        controller = new FormEntryController(new FormEntryModel(form));
    }

    /** Does what Collect does with a saved instance. */
    private void takeUp(String saved) {
        TreeElement given =
                XFormParser.restoreDataModel(saved.getBytes(StandardCharsets.UTF_8), null).getRoot();
        TreeElement template = form.getMainInstance().getRoot().deepCopy(true);
        given.setMult(0);
        template.populate(given, form);
        form.getMainInstance().setRoot(template);
        form.initialize(false, new InstanceInitializationFactory());
    }

    /**
     * Passes every screen as a person does, which makes counted repeats and takes back answers that
     * are no longer offered; goes round again while that changes something. Returns the screens.
     */
    int walk() {
        int before = -1;
        for (int events = pass(); events != before; events = pass()) {
            before = events;
        }
        return before;
    }

    private int pass() {
        indexes.clear();
        controller.jumpToIndex(FormIndex.createBeginningOfFormIndex());
        int events = 0;
        int event;
        while ((event = controller.stepToNextEvent()) != FormEntryController.EVENT_END_OF_FORM) {
            events++;
            FormIndex index = controller.getModel().getFormIndex();
            String path = path(index.getReference());
            if (event == FormEntryController.EVENT_PROMPT_NEW_REPEAT) {
                path = path.replaceAll("\\[\\d+\\]$", "[new]");
            } else if (event == FormEntryController.EVENT_QUESTION) {
                show(controller.getModel().getQuestionPrompt());
            }
            // A repeat and the group around it share a path: the inner one is kept.
            indexes.put(path, index);
        }
        return events;
    }

    /** Shows a question's choices, and saves the screen where that has taken back its answer. */
    private void show(FormEntryPrompt prompt) {
        if (prompt.getQuestion().getDynamicChoices() == null) {
            return;
        }
        TreeReference ref = prompt.getIndex().getReference();
        TreeElement node = form.getMainInstance().resolveReference(ref);
        String before = text(node);
        prompt.getSelectChoices();
        if (!before.equals(text(node))) {
            form.setValue(node.getValue(), ref, node, true);
        }
    }

    /** Sets a count and brings its instances into being: steps on from the last that is there. */
    void count(String path, String value, String repeat) {
        set(path, value);
        FormIndex first = index(repeat + "[1]");
        controller.jumpToIndex(form.descendIntoRepeat(first, form.getNumRepetitions(first) - 1));
        FormIndex here = first;
        while (here.getReference() != null && path(here.getReference()).startsWith(repeat)) {
            controller.stepToNextEvent();
            here = controller.getModel().getFormIndex();
        }
    }

    /** Stores an answer as it is and returns whether its constraint holds. */
    boolean set(String path, String text) {
        TreeElement node = node(path);
        TreeReference ref = node.getRef();
        IAnswerData data = null;
        if (!text.isEmpty()) {
            data = XFormAnswerDataParser.getAnswerData(
                    text, node.getDataType(), FormDef.findQuestionByRef(ref, form));
        }
        boolean holds = form.evaluateConstraint(ref, data);
        form.setValue(data, ref, node, true);
        return holds;
    }

    /** Adds an instance at the end of a repeat that the form lets grow. */
    void addRepeat(String path) {
        walk();
        controller.jumpToIndex(index(path + "[new]"));
        controller.newRepeat();
        walk();
    }

    /** Removes one instance of a repeat, also one beyond its count, which no screen shows. */
    void removeRepeat(String path) {
        FormEntryModel model = controller.getModel();
        FormIndex index = FormIndex.createBeginningOfFormIndex();
        do {
            index = model.incrementIndex(index);
            if (index.isEndOfFormIndex()) {
                throw new IllegalArgumentException("no instance " + path);
            }
        } while (model.getEvent(index) != FormEntryController.EVENT_REPEAT
                || !path(index.getReference()).equals(path));
        form.deleteRepeat(index);
        walk();
    }

    /** Returns the values a select offers now; {@code walk} must have met it. */
    List<String> choices(String path) {
        List<String> values = new ArrayList<>();
        for (SelectChoice choice :
                controller.getModel().getQuestionPrompt(index(path)).getSelectChoices()) {
            values.add(choice.getValue());
        }
        return values;
    }

    /** Returns of each node: path, relevant, required, read-only, text, whether its constraint holds. */
    List<List<Object>> state() {
        List<List<Object>> rows = new ArrayList<>();
        describe(form.getMainInstance().getRoot(), rows);
        return rows;
    }

    private void describe(TreeElement node, List<List<Object>> rows) {
        if (node.getMult() == TreeReference.INDEX_TEMPLATE) {
            return;
        }
        boolean leaf = node.getNumChildren() == 0;
        String text = leaf ? text(node) : "";
        boolean holds = text.isEmpty() || form.evaluateConstraint(node.getRef(), node.getValue());
        rows.add(List.of(path(node.getRef()), node.isRelevant(), node.isRequired(),
                !node.isEnabled(), text, holds));
        for (int i = 0; i < node.getNumChildren(); i++) {
            describe(node.getChildAt(i), rows);
        }
    }

    private String text(TreeElement node) {
        IAnswerData data = node.getValue();
        return data == null ? "" : texts.serializeAnswerData(data, node.getDataType()).toString();
    }

    /** Returns the instance as Collect would send it, finished or as a draft. */
    String save(boolean finish) throws Exception {
        if (finish) {
            form.postProcessInstance();
        }
        ByteArrayPayload payload = (ByteArrayPayload)
                new XFormSerializingVisitor().createSerializedPayload(form.getMainInstance());
        return new String(payload.getPayloadStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private FormIndex index(String path) {
        FormIndex index = indexes.get(path);
        if (index == null) {
            throw new IllegalArgumentException("no screen at " + path);
        }
        return index;
    }

    private TreeElement node(String path) {
        TreeElement here = null;
        for (String step : path.substring(1).split("/")) {
            int bracket = step.indexOf('[');
            String name = bracket < 0 ? step : step.substring(0, bracket);
            int place = bracket < 0 ? 1
                    : Integer.parseInt(step.substring(bracket + 1, step.length() - 1));
            here = here == null ? form.getMainInstance().getRoot() : here.getChild(name, place - 1);
            if (here == null) {
                throw new IllegalArgumentException("no node " + path);
            }
        }
        return here;
    }

    /** Returns a reference with positions on instances of repeats only. */
    private String path(TreeReference ref) {
        StringBuilder path = new StringBuilder();
        TreeReference template = TreeReference.rootRef();
        for (int depth = 0; depth < ref.size(); depth++) {
            String name = ref.getName(depth);
            template = template.extendRef(name, TreeReference.INDEX_UNBOUND);
            path.append('/').append(name);
            if (isRepeat(template)) {
                path.append('[').append(Math.max(ref.getMultiplicity(depth), 0) + 1).append(']');
            }
        }
        return path.toString();
    }

    private final Map<TreeReference, Boolean> repeats = new HashMap<>();

    private boolean isRepeat(TreeReference generic) {
        return repeats.computeIfAbsent(
                generic, ref -> form.getMainInstance().getTemplate(ref) != null);
    }
}
