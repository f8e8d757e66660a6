import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.javarosa.core.model.CoreModelModule;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.reference.PrefixedRootFactory;
import org.javarosa.core.reference.Reference;
import org.javarosa.core.reference.ReferenceManager;
import org.javarosa.core.services.PropertyManager;
import org.javarosa.core.services.PrototypeManager;
import org.javarosa.core.services.properties.Property;
import org.javarosa.core.services.storage.StorageManager;
import org.javarosa.core.services.storage.util.DummyIndexedStorageUtility;
import org.javarosa.core.util.JavaRosaCoreModule;
import org.javarosa.model.xform.XFormsModule;
import org.javarosa.xform.util.XFormUtils;

/** Sets JavaRosa up as Collect does, and reads forms whose jr://file... media lie in one folder. */
final class FormFiles {
    private FormFiles() {}

    /** Registers what JavaRosa needs before it can read any form. */
    static void setUp() {
        PrototypeManager.registerPrototypes(JavaRosaCoreModule.classNames);
        PrototypeManager.registerPrototypes(CoreModelModule.classNames);
        new XFormsModule().registerModule();
        StorageManager.setStorageFactory((name, type) -> new DummyIndexedStorageUtility<>());
        StorageManager.registerStorage(PropertyManager.STORAGE_KEY, Property.class);
        PropertyManager.setPropertyManager(new PropertyManager());
    }

    /** Returns the form of an XForm that has read its media but not begun an instance. */
    static FormDef read(byte[] xform, Path media) throws Exception {
        ReferenceManager.instance().reset();
        ReferenceManager.instance().addReferenceFactory(new Folder(media));
        return XFormUtils.getFormFromInputStream(new ByteArrayInputStream(xform));
    }

    /** Finds jr://file-csv/x.csv and its kin as x.csv in a folder. */
    private static final class Folder extends PrefixedRootFactory {
        private final Path media;

        Folder(Path media) {
            super(new String[] {"file", "file-csv", "images", "audio", "video", "instance"});
            this.media = media;
        }

        @Override
        protected Reference factory(String terminal, String uri) {
            String name = uri.substring(uri.lastIndexOf('/') + 1);
            return new LocalFile(media.resolve(name), uri);
        }
    }

    private record LocalFile(Path path, String uri) implements Reference {
        @Override
        public boolean doesBinaryExist() {
            return Files.exists(path);
        }

        @Override
        public InputStream getStream() throws IOException {
            return Files.newInputStream(path);
        }

        @Override
        public String getURI() {
            return uri;
        }

        @Override
        public String getLocalURI() {
            return path.toString();
        }

        @Override
        public boolean isReadOnly() {
            return true;
        }

        @Override
        public OutputStream getOutputStream() throws IOException {
            throw new IOException("the media of a form are only read");
        }

        @Override
        public void remove() throws IOException {
            throw new IOException("the media of a form are only read");
        }

        @Override
        public Reference[] probeAlternativeReferences() {
            return new Reference[0];
        }
    }
}
