import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Fills forms with JavaRosa over JSON lines, one reply a line, as `cairn forms play` does.
 *
 * Operations: load (xform, media), open (instance), walk, count, set, add_repeat, remove_repeat,
 * choices, state, save (finish), memory, and time (warm, times, budget_ms, steps), which gives the median
 * milliseconds of one after the other of `steps`, each a list of operations.
 */
public final class JavaRosaPeer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private byte[] xform;
    private Path media;
    private FilledForm filled;

    public static void main(String[] arguments) throws Exception {
        // JavaRosa logs to standard output: replies have it to themselves.
        PrintStream replies = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        FormFiles.setUp();
        JavaRosaPeer peer = new JavaRosaPeer();
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = lines.readLine()) != null; ) {
            replies.println(JSON.writeValueAsString(peer.answer(JSON.readTree(line))));
        }
    }

    private Map<String, Object> answer(JsonNode request) {
        Map<String, Object> reply = new LinkedHashMap<>();
        try {
            Object value = run(request);
            reply.put("ok", true);
            reply.put("value", value);
        } catch (Exception | StackOverflowError error) {
            reply.put("ok", false);
            reply.put("error", error.toString());
        }
        return reply;
    }

    private Object run(JsonNode request) throws Exception {
        String path = request.path("path").asText();
        switch (request.path("op").asText()) {
            case "load":
                xform = Files.readAllBytes(Path.of(request.path("xform").asText()));
                media = Path.of(request.path("media").asText());
                return open(null);
            case "open":
                JsonNode instance = request.path("instance");
                return open(instance.isTextual() ? instance.asText() : null);
            case "walk":
                return filled.walk();
            case "count":
                filled.count(path, request.path("value").asText(), request.path("repeat").asText());
                return null;
            case "set":
                return filled.set(path, request.path("value").asText());
            case "add_repeat":
                filled.addRepeat(path);
                return null;
            case "remove_repeat":
                filled.removeRepeat(path);
                return null;
            case "choices":
                return filled.choices(path);
            case "state":
                return filled.state();
            case "save":
                return filled.save(request.path("finish").asBoolean());
            case "memory":
                return memory();
            case "time":
                return time(request);
            default:
                throw new IllegalArgumentException("no operation in " + request);
        }
    }

    private Object open(String instance) throws Exception {
        filled = new FilledForm(FormFiles.read(xform, media), instance);
        return null;
    }

    /** Returns the megabytes in use after a collection. */
    private static double memory() throws InterruptedException {
        Runtime machine = Runtime.getRuntime();
        for (int i = 0; i < 3; i++) {
            System.gc();
            Thread.sleep(50);
        }
        return (machine.totalMemory() - machine.freeMemory()) / 1048576.0;
    }

    /** Times steps in turn; half of the budget may go into warming up, all of it ends the turns. */
    private double time(JsonNode request) throws Exception {
        JsonNode steps = request.path("steps");
        double budget = request.path("budget_ms").asDouble(Double.MAX_VALUE);
        int warm = request.path("warm").asInt();
        int times = request.path("times").asInt();
        List<Double> spent = new ArrayList<>();
        double all = 0;
        for (int turn = 0; spent.size() < times && (spent.isEmpty() || all < budget); turn++) {
            long begun = System.nanoTime();
            for (JsonNode operation : steps.get(turn % steps.size())) {
                run(operation);
            }
            double took = (System.nanoTime() - begun) / 1e6;
            if (turn >= warm || all > budget / 2) {
                spent.add(took);
            }
            all += took;
        }
        Collections.sort(spent);
        return spent.get(spent.size() / 2);
    }
}
