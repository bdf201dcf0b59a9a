<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de">
<context>
    <name>Algorithm</name>
    <message>
        <source>There is not enough memory; choose a larger pixel size or a smaller extent.</source>
        <translation>Der Speicher reicht nicht; wählen Sie größere Pixel oder eine kleinere Ausdehnung.</translation>
    </message>
    <message>
        <source>{} met an error of its own ({}: {}); the log panel &quot;Planetary DTM&quot; has the details to report.</source>
        <translation>{} hat selbst einen Fehler ({}: {}); das Protokoll „Planetary DTM“ hat, was zu melden ist.</translation>
    </message>
</context>
<context>
    <name>Chains</name>
    <message>
        <source>Certainty and comparison</source>
        <translation>Sicherheit und Vergleich</translation>
    </message>
    <message>
        <source>Chains</source>
        <translation>Ketten</translation>
    </message>
    <message>
        <source>Leaves out wild laser shots, maps how far the others can be trusted between the tracks, and holds a DTM against them: a map of the differences and the usual numbers.</source>
        <translation>Lässt Ausreißer der Lasermessung weg, kartiert, wie weit den anderen zwischen den Bahnen zu trauen ist, und hält ein DGM gegen sie: eine Karte der Differenzen und die üblichen Zahlen.</translation>
    </message>
    <message>
        <source>Laser shots: points, or a CSV with lon, lat, altitude; LOLA RDR and MOLA PEDR files.</source>
        <translation>Lasermessungen: Punkte oder eine CSV mit lon, lat, altitude; Dateien LOLA RDR und MOLA PEDR.</translation>
    </message>
    <message>
        <source>Name of the body (Moon, Mars ...) where the altimetry does not tell it.</source>
        <translation>Name des Körpers (Moon, Mars ...), wo die Altimetrie ihn nicht sagt.</translation>
    </message>
    <message>
        <source>Altitude, certainty and sigma between the tracks.</source>
        <translation>Höhe, Sicherheit und Sigma zwischen den Bahnen.</translation>
    </message>
    <message>
        <source>The DTM minus the shots.</source>
        <translation>Das DGM minus die Messungen.</translation>
    </message>
    <message>
        <source>The DTM to judge, in metres above the body&apos;s datum.</source>
        <translation>Das DGM, das beurteilt wird, in Metern über dem Datum des Körpers.</translation>
    </message>
    <message>
        <source>The shots that were kept.</source>
        <translation>Die behaltenen Messungen.</translation>
    </message>
    <message>
        <source>Altimetry</source>
        <translation>Altimetrie</translation>
    </message>
    <message>
        <source>Body</source>
        <translation>Körper</translation>
    </message>
    <message>
        <source>DTM</source>
        <translation>DGM</translation>
    </message>
    <message>
        <source>Certainty map</source>
        <translation>Sicherheitskarte</translation>
    </message>
    <message>
        <source>Difference</source>
        <translation>Differenz</translation>
    </message>
    <message>
        <source>Good shots</source>
        <translation>Gute Messungen</translation>
    </message>
    <message>
        <source>Stereo scene to DTM</source>
        <translation>Stereoszene zu DGM</translation>
    </message>
    <message>
        <source>Turns two images of a line scanner into a digital terrain model: exterior orientation from control points and altimetry, dense matching, intersection, gridding; with a map of how far the altimetry can be trusted.</source>
        <translation>Macht aus zwei Bildern eines Zeilenscanners ein digitales Geländemodell: äußere Orientierung aus Passpunkten und Altimetrie, dichte Bildzuordnung, Schnitt, Rasterung; mit einer Karte, wie weit der Altimetrie zu trauen ist.</translation>
    </message>
    <message>
        <source>How far altitudes between the tracks can be trusted.</source>
        <translation>Wie weit den Höhen zwischen den Bahnen zu trauen ist.</translation>
    </message>
    <message>
        <source>Heights, their sigma, and the number of points.</source>
        <translation>Höhen, ihr Sigma und die Anzahl der Punkte.</translation>
    </message>
    <message>
        <source>Control points: line, view, sample, lon, lat; altitudes are taken from the altimetry.</source>
        <translation>Passpunkte: line, view, sample, lon, lat; Höhen kommen aus der Altimetrie.</translation>
    </message>
    <message>
        <source>The image on whose pixels points are made; of three views the middle one.</source>
        <translation>Das Bild, auf dessen Pixeln Punkte gemacht werden; von drei Bildern das mittlere.</translation>
    </message>
    <message>
        <source>The other image of the same ground.</source>
        <translation>Das andere Bild desselben Bodens.</translation>
    </message>
    <message>
        <source>Position and attitude of the camera at every line.</source>
        <translation>Ort und Lage der Kamera bei jeder Zeile.</translation>
    </message>
    <message>
        <source>Sensor file (JSON), or the name of one that ships: ce1, ce2, ce2_paper.</source>
        <translation>Sensordatei (JSON) oder der Name einer mitgelieferten: ce1, ce2, ce2_paper.</translation>
    </message>
    <message>
        <source>Sigma of the control points&apos; longitude and latitude; left empty, it is estimated.</source>
        <translation>Sigma von Länge und Breite der Passpunkte; leer: wird geschätzt.</translation>
    </message>
    <message>
        <source>GCPs</source>
        <translation>Passpunkte</translation>
    </message>
    <message>
        <source>Image A</source>
        <translation>Bild A</translation>
    </message>
    <message>
        <source>Image B</source>
        <translation>Bild B</translation>
    </message>
    <message>
        <source>Sensor</source>
        <translation>Sensor</translation>
    </message>
    <message>
        <source>Lateral sigma (m)</source>
        <translation>Sigma der Lage (m)</translation>
    </message>
    <message>
        <source>EOPs</source>
        <translation>Äußere Orientierung</translation>
    </message>
    <message>
        <source>View to levelled DTM</source>
        <translation>Ausschnitt zu eingepasstem DGM</translation>
    </message>
    <message>
        <source>Turns an image into a digital terrain model in metres, levelled to laser altimetry, with its hillshade and contours. Without altimetry the heights are relative.</source>
        <translation>Macht aus einem Bild ein digitales Geländemodell in Metern, an Laseraltimetrie eingepasst, mit Schummerung und Höhenlinien. Ohne Altimetrie sind die Höhen relativ.</translation>
    </message>
    <message>
        <source>Laser shots to level to: points, or a CSV with lon, lat, altitude; LOLA RDR and MOLA PEDR files.</source>
        <translation>Lasermessungen, an die eingepasst wird: Punkte oder eine CSV mit lon, lat, altitude; Dateien LOLA RDR und MOLA PEDR.</translation>
    </message>
    <message>
        <source>Height between two contours, in metres.</source>
        <translation>Höhe zwischen zwei Höhenlinien, in Metern.</translation>
    </message>
    <message>
        <source>Lines of equal height.</source>
        <translation>Linien gleicher Höhe.</translation>
    </message>
    <message>
        <source>The DTM: heights, and their sigma where they are levelled.</source>
        <translation>Das DGM: Höhen, und ihr Sigma, wo sie eingepasst sind.</translation>
    </message>
    <message>
        <source>What runs the network: auto takes torch where it is installed, NumPy otherwise.</source>
        <translation>Was das Netz rechnet: auto nimmt torch, wo es installiert ist, sonst NumPy.</translation>
    </message>
    <message>
        <source>Area to turn into terrain; left empty, the whole image.</source>
        <translation>Gebiet, das Gelände werden soll; leer: das ganze Bild.</translation>
    </message>
    <message>
        <source>The DTM lit from the north-west.</source>
        <translation>Das DGM, von Nordwesten beleuchtet.</translation>
    </message>
    <message>
        <source>The image to turn into terrain: grey or natural colour, with a CRS.</source>
        <translation>Das Bild, das Gelände werden soll: grau oder in natürlichen Farben, mit KBS.</translation>
    </message>
    <message>
        <source>Ground size of a pixel in metres; left empty, the image&apos;s own.</source>
        <translation>Größe eines Pixels am Boden in Metern; leer: die des Bildes.</translation>
    </message>
    <message>
        <source>Contour interval (m)</source>
        <translation>Abstand der Höhenlinien (m)</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>Rechenwerk</translation>
    </message>
    <message>
        <source>Extent</source>
        <translation>Ausdehnung</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>Pixel size (m)</source>
        <translation>Pixelgröße (m)</translation>
    </message>
    <message>
        <source>Contours</source>
        <translation>Höhenlinien</translation>
    </message>
    <message>
        <source>Hillshade</source>
        <translation>Schummerung</translation>
    </message>
</context>
<context>
    <name>EditCopyAction</name>
    <message>
        <source>Edit a Copy of the Model…</source>
        <translation>Kopie des Modells bearbeiten…</translation>
    </message>
    <message>
        <source>{} (copy)</source>
        <translation>{} (Kopie)</translation>
    </message>
</context>
<context>
    <name>Estimate</name>
    <message>
        <source>{:.0f} s</source>
        <translation>{:.0f} s</translation>
    </message>
    <message>
        <source>{:.0f} min</source>
        <translation>{:.0f} min</translation>
    </message>
    <message>
        <source>About {} and {:.1f} GB of memory.</source>
        <translation>Etwa {} und {:.1f} GB Speicher.</translation>
    </message>
    <message>
        <source>Only {:.1f} GB are free: zoom in or choose larger pixels.</source>
        <translation>Nur {:.1f} GB sind frei: hineinzoomen oder größere Pixel wählen.</translation>
    </message>
</context>
<context>
    <name>Inputs</name>
    <message>
        <source>The extent lies outside the layer {!r}; choose one that meets it.</source>
        <translation>Die Ausdehnung liegt außerhalb des Layers {!r}; wählen Sie eine, die ihn trifft.</translation>
    </message>
    <message>
        <source>its server gave no picture</source>
        <translation>sein Server gab kein Bild</translation>
    </message>
    <message>
        <source>Layer {!r} cannot be read ({}); check that it draws on the map.</source>
        <translation>Der Layer {!r} lässt sich nicht lesen ({}); prüfen Sie, ob er auf der Karte gezeichnet wird.</translation>
    </message>
    <message>
        <source>Layer {!r} cannot be read in full ({}); save it to a file first.</source>
        <translation>Der Layer {!r} lässt sich nicht ganz lesen ({}); speichern Sie ihn erst in eine Datei.</translation>
    </message>
    <message>
        <source>{} {!r} is not a layer or file that can be read; choose another one.</source>
        <translation>{} {!r} ist kein Layer und keine Datei, die sich lesen lässt; wählen Sie etwas anderes.</translation>
    </message>
    <message>
        <source>The layer {0!r} is on {1} but the extent is on {2}; give the extent in a CRS of {1} (for the map: Set Project CRS from Layer).</source>
        <translation>Der Layer {0!r} liegt auf {1}, die Ausdehnung aber auf {2}; geben Sie die Ausdehnung in einem KBS von {1} an (für die Karte: Projekt-KBS aus Layer übernehmen).</translation>
    </message>
    <message>
        <source>The extent cannot be brought into the CRS of the layer {!r}; zoom in to a part of it.</source>
        <translation>Die Ausdehnung lässt sich nicht in das KBS des Layers {!r} bringen; zoomen Sie auf einen Teil davon.</translation>
    </message>
    <message>
        <source>The extent crosses the meridian where the layer {!r} begins and ends; take the part on one side of it, or warp the layer to a CRS centred on the extent.</source>
        <translation>Die Ausdehnung überschreitet den Meridian, an dem der Layer {!r} beginnt und endet; nehmen Sie den Teil auf einer Seite davon oder bringen Sie den Layer in ein KBS, dessen Mitte in der Ausdehnung liegt.</translation>
    </message>
    <message>
        <source>Layer {!r} draws nothing here; choose another extent, or see what its server answered (log panel of QGIS, &quot;WMS&quot;).</source>
        <translation>Der Layer {!r} zeichnet hier nichts; wählen Sie eine andere Ausdehnung oder sehen Sie nach, was sein Server geantwortet hat (Protokoll von QGIS, „WMS“).</translation>
    </message>
</context>
<context>
    <name>MapLink</name>
    <message>
        <source>The map has no CRS; set the project&apos;s (for example Set Project CRS from Layer).</source>
        <translation>Die Karte hat kein KBS; setzen Sie das des Projekts (etwa Projekt-KBS aus Layer übernehmen).</translation>
    </message>
    <message>
        <source>The map shows {} and this orbit is of {}; set a project CRS of {}.</source>
        <translation>Die Karte zeigt {}, diese Umlaufbahn gehört zu {}; setzen Sie ein Projekt-KBS von {}.</translation>
    </message>
    <message>
        <source>This place cannot be shown on the map: {}</source>
        <translation>Dieser Ort lässt sich auf der Karte nicht zeigen: {}</translation>
    </message>
</context>
<context>
    <name>MatchView</name>
    <message>
        <source>Reading a part of the images</source>
        <translation>Lese einen Ausschnitt der Bilder</translation>
    </message>
    <message>
        <source>Matches side by side</source>
        <translation>Zuordnungen nebeneinander</translation>
    </message>
    <message>
        <source>Point at image A: the cross in B and the loupes show the match. Tinted pixels have none.</source>
        <translation>Zeigen Sie auf Bild A: Das Kreuz in B und die Lupen zeigen die Zuordnung. Getönte Pixel haben keine.</translation>
    </message>
    <message>
        <source>Line {:.0f}, sample {:.0f}: no match</source>
        <translation>Zeile {:.0f}, Spalte {:.0f}: keine Zuordnung</translation>
    </message>
    <message>
        <source>Line {:.0f}, sample {:.0f} lies at line {:.1f}, sample {:.1f} of {}; score {:.2f}, σ {:.2f} px</source>
        <translation>Zeile {:.0f}, Spalte {:.0f} liegt auf Zeile {:.1f}, Spalte {:.1f} von {}; Güte {:.2f}, σ {:.2f} px</translation>
    </message>
    <message>
        <source>No matches yet: run the step Matching of the Push-broom dock</source>
        <translation>Noch keine Zuordnungen: Führen Sie im Fenster Push-Broom den Schritt Bildzuordnung aus</translation>
    </message>
    <message>
        <source>A, enlarged</source>
        <translation>A, vergrößert</translation>
    </message>
    <message>
        <source>B, enlarged</source>
        <translation>B, vergrößert</translation>
    </message>
</context>
<context>
    <name>OptionsPage</name>
    <message>
        <source>Take away QGIS&apos;s &quot;No transform available&quot; when the plugin adds a layer</source>
        <translation>Meldungen „Keine Transformation verfügbar“ von QGIS wegnehmen, wenn die Erweiterung einen Layer hinzufügt</translation>
    </message>
    <message>
        <source>QGIS cannot relate other bodies to the Earth and says so in red; it is harmless there</source>
        <translation>QGIS kann andere Körper nicht auf die Erde beziehen und sagt das in Rot; dort ist es harmlos</translation>
    </message>
    <message>
        <source>DTM for view</source>
        <translation>DGM des Ausschnitts</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source>What runs the network; the result is the same</source>
        <translation>Was das Netz rechnet; das Ergebnis ist dasselbe</translation>
    </message>
    <message>
        <source>The plugin&apos;s own</source>
        <translation>Das der Erweiterung</translation>
    </message>
    <message>
        <source>Model file (.safetensors) to use instead</source>
        <translation>Stattdessen zu nehmende Modelldatei (.safetensors)</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Temporary, gone when QGIS closes</source>
        <translation>Temporär, weg, wenn QGIS schließt</translation>
    </message>
    <message>
        <source>Folder where DTMs are kept; each gets a name of its own</source>
        <translation>Ordner, in dem Geländemodelle bleiben; jedes bekommt einen eigenen Namen</translation>
    </message>
    <message>
        <source>&amp;Engine</source>
        <translation>Rechen&amp;werk</translation>
    </message>
    <message>
        <source>&amp;Model</source>
        <translation>&amp;Modell</translation>
    </message>
    <message>
        <source>&amp;Keep in</source>
        <translation>A&amp;blegen in</translation>
    </message>
    <message>
        <source>Estimates of time</source>
        <translation>Schätzungen der Zeit</translation>
    </message>
    <message>
        <source>Forget what was measured</source>
        <translation>Gemessenes vergessen</translation>
    </message>
    <message>
        <source>Begin again from the developers&apos; figures; after a change of computer, say</source>
        <translation>Wieder mit den Zahlen der Entwickler beginnen, etwa nach einem Wechsel des Rechners</translation>
    </message>
    <message>
        <source>A million pixels takes NumPy about {:.1f} s and PyTorch about {:.1f} s, as earlier runs tell.</source>
        <translation>Eine Million Pixel dauert mit NumPy etwa {:.1f} s und mit PyTorch etwa {:.1f} s, wie frühere Läufe zeigen.</translation>
    </message>
</context>
<context>
    <name>Outcome</name>
    <message>
        <source>{} was cancelled; nothing was added.</source>
        <translation>{} wurde abgebrochen; nichts wurde hinzugefügt.</translation>
    </message>
    <message>
        <source>{} is ready, but its project was closed: it is kept in {}.</source>
        <translation>{} ist fertig, aber das Projekt wurde geschlossen: Das Ergebnis liegt in {}.</translation>
    </message>
    <message>
        <source>{} was made but cannot be loaded.</source>
        <translation>{} wurde erzeugt, lässt sich aber nicht laden.</translation>
    </message>
    <message>
        <source>{} is on the map ({:.1f} s).</source>
        <translation>{} liegt auf der Karte ({:.1f} s).</translation>
    </message>
    <message>
        <source>{} is ready ({:.1f} s).</source>
        <translation>{} ist fertig ({:.1f} s).</translation>
    </message>
</context>
<context>
    <name>Packages</name>
    <message>
        <source>altimetry filter and certainty maps, the smooth trajectory: all of the push-broom chain</source>
        <translation>Altimetriefilter und Sicherheitskarten, die glatte Bahn: die ganze Push-Broom-Kette</translation>
    </message>
    <message>
        <source>dense matching of images</source>
        <translation>dichte Bildzuordnung</translation>
    </message>
    <message>
        <source>faster DTMs of large views, training of models</source>
        <translation>schnellere Geländemodelle großer Ausschnitte, Training von Modellen</translation>
    </message>
    <message>
        <source>figures in the reports</source>
        <translation>Abbildungen in den Berichten</translation>
    </message>
    <message>
        <source>point clouds as LAS or LAZ</source>
        <translation>Punktwolken als LAS oder LAZ</translation>
    </message>
    <message>
        <source>large runs on several machines</source>
        <translation>große Läufe auf mehreren Rechnern</translation>
    </message>
    <message>
        <source>In the OSGeo4W Shell (Windows start menu): {}</source>
        <translation>In der OSGeo4W Shell (Windows-Startmenü): {}</translation>
    </message>
    <message>
        <source>In a terminal: {}</source>
        <translation>In einem Terminal: {}</translation>
    </message>
</context>
<context>
    <name>Plan</name>
    <message>
        <source>{}: read as it is drawn, 1024 pixels on the longer side.</source>
        <translation>{}: gelesen wie gezeichnet, 1024 Pixel an der längeren Seite.</translation>
    </message>
    <message>
        <source>{}, {}: {} × {} pixels of {:.4g} m.</source>
        <translation>{}, {}: {} × {} Pixel zu {:.4g} m.</translation>
    </message>
    <message>
        <source>The map is turned: the rectangle around the view is taken.</source>
        <translation>Die Karte ist gedreht: Genommen wird das Rechteck um den Ausschnitt.</translation>
    </message>
    <message>
        <source>The map shows ground outside of {}; use Zoom to Layer.</source>
        <translation>Die Karte zeigt Gelände außerhalb von {}; „Auf Layer zoomen“ hilft.</translation>
    </message>
</context>
<context>
    <name>PlanetaryDtmPlugin</name>
    <message>
        <source>Generate DTM for view</source>
        <translation>DGM des Ausschnitts erzeugen</translation>
    </message>
    <message>
        <source>Generate DTM for view: terrain of what the map shows, by the dock&apos;s settings</source>
        <translation>DGM des Ausschnitts erzeugen: Gelände dessen, was die Karte zeigt, mit den Einstellungen des Fensters</translation>
    </message>
    <message>
        <source>Show or hide the settings of DTM for view</source>
        <translation>Einstellungen von DGM des Ausschnitts ein- oder ausblenden</translation>
    </message>
    <message>
        <source>Show or hide the push-broom chain: from line-scanner images to a DTM</source>
        <translation>Push-Broom-Kette ein- oder ausblenden: von Zeilenscannerbildern zum DGM</translation>
    </message>
    <message>
        <source>Getting started</source>
        <translation>Erste Schritte</translation>
    </message>
    <message>
        <source>Getting started: what is installed, what is missing, and a sample scene</source>
        <translation>Erste Schritte: was installiert ist, was fehlt, und eine Beispielszene</translation>
    </message>
</context>
<context>
    <name>Plot</name>
    <message>
        <source>Nothing to show yet</source>
        <translation>Noch nichts zu zeigen</translation>
    </message>
</context>
<context>
    <name>PlotsDock</name>
    <message>
        <source>Push-broom plots</source>
        <translation>Push-Broom-Diagramme</translation>
    </message>
    <message>
        <source>Reading the orientation</source>
        <translation>Lese die Orientierung</translation>
    </message>
    <message>
        <source>Reading matches</source>
        <translation>Lese Zuordnungen</translation>
    </message>
    <message>
        <source>Point to read a line, click to move the map there, turn the wheel to zoom, double-click for all. Keys: arrows, Page, Enter, + and -, Home.</source>
        <translation>Zeigen liest eine Zeile ab, Klicken bewegt die Karte dorthin, das Mausrad zoomt, Doppelklick zeigt alles. Tasten: Pfeile, Bild auf/ab, Eingabe, + und -, Pos1.</translation>
    </message>
    <message>
        <source>Orientation</source>
        <translation>Orientierung</translation>
    </message>
    <message>
        <source>Residuals</source>
        <translation>Residuen</translation>
    </message>
    <message>
        <source>Matches</source>
        <translation>Zuordnungen</translation>
    </message>
    <message>
        <source>Run the steps of the Push-broom dock; results appear here.</source>
        <translation>Führen Sie die Schritte im Fenster Push-Broom aus; die Ergebnisse erscheinen hier.</translation>
    </message>
    <message>
        <source>Values</source>
        <translation>Werte</translation>
    </message>
    <message>
        <source>Deviation from a smooth orbit</source>
        <translation>Abweichung von einer glatten Bahn</translation>
    </message>
    <message>
        <source>Sigma</source>
        <translation>Sigma</translation>
    </message>
    <message>
        <source>What the six plots show; the orbit&apos;s own arc hides what is small, so it can be taken off</source>
        <translation>Was die sechs Diagramme zeigen; der Bogen der Bahn verdeckt Kleines und lässt sich daher abziehen</translation>
    </message>
    <message>
        <source>&amp;Show</source>
        <translation>&amp;Zeigen</translation>
    </message>
    <message>
        <source>Images A and B</source>
        <translation>Bilder A und B</translation>
    </message>
    <message>
        <source>Images A and C</source>
        <translation>Bilder A und C</translation>
    </message>
    <message>
        <source>Which pair of images is shown</source>
        <translation>Welches Bildpaar gezeigt wird</translation>
    </message>
    <message>
        <source>{} lines; marked points carry a flag</source>
        <translation>{} Zeilen; markierte Punkte tragen einen Vermerk</translation>
    </message>
    <message>
        <source>RMS residual of each line&apos;s control points (pixels)</source>
        <translation>RMS-Residuum der Passpunkte jeder Zeile (Pixel)</translation>
    </message>
    <message>
        <source>Line {:g}: longitude {:.4f}°, latitude {:.4f}°</source>
        <translation>Zeile {:g}: Länge {:.4f}°, Breite {:.4f}°</translation>
    </message>
    <message>
        <source>residual {:.2f} px</source>
        <translation>Residuum {:.2f} px</translation>
    </message>
</context>
<context>
    <name>Preview</name>
    <message>
        <source>Reading the view</source>
        <translation>Lese den Ausschnitt</translation>
    </message>
    <message>
        <source>What the model sees</source>
        <translation>Was das Modell sieht</translation>
    </message>
    <message>
        <source>What the model sees in the JMARS mode: the view (framed) in a square of 1024 × 1024, filled up with mirror images. The seamless mode sees the same greys in full resolution, tile by tile.</source>
        <translation>Was das Modell im JMARS-Modus sieht: den Ausschnitt (gerahmt) in einem Quadrat von 1024 × 1024, mit Spiegelbildern aufgefüllt. Der nahtlose Modus sieht dieselben Grauwerte in voller Auflösung, Kachel für Kachel.</translation>
    </message>
    <message>
        <source>The view holds nodata only; move it onto the image.</source>
        <translation>Der Ausschnitt enthält nur Nodata; schieben Sie ihn auf das Bild.</translation>
    </message>
</context>
<context>
    <name>Progress</name>
    <message>
        <source>Calibrating sigma on withheld shots</source>
        <translation>Sigma wird an zurückgehaltenen Messpunkten kalibriert</translation>
    </message>
    <message>
        <source>Checking the pairs</source>
        <translation>Die Paare werden geprüft</translation>
    </message>
    <message>
        <source>Coarse matching</source>
        <translation>Grobe Zuordnung</translation>
    </message>
    <message>
        <source>Comparing</source>
        <translation>Vergleichen</translation>
    </message>
    <message>
        <source>Comparing shots with their neighbours</source>
        <translation>Messpunkte werden mit ihren Nachbarn verglichen</translation>
    </message>
    <message>
        <source>Consolidating shots</source>
        <translation>Messpunkte werden zusammengefasst</translation>
    </message>
    <message>
        <source>Cross-checking shots</source>
        <translation>Messpunkte werden gegeneinander geprüft</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Drawing the report</source>
        <translation>Der Bericht wird gezeichnet</translation>
    </message>
    <message>
        <source>Finding a start</source>
        <translation>Ein Anfang wird gesucht</translation>
    </message>
    <message>
        <source>Fitting gains and covariance</source>
        <translation>Faktoren und Kovarianz werden angepasst</translation>
    </message>
    <message>
        <source>Fitting the scale</source>
        <translation>Der Maßstab wird angepasst</translation>
    </message>
    <message>
        <source>Fusing</source>
        <translation>Verschmelzen</translation>
    </message>
    <message>
        <source>Gridding</source>
        <translation>Rastern</translation>
    </message>
    <message>
        <source>Intersecting</source>
        <translation>Vorwärtsschnitt</translation>
    </message>
    <message>
        <source>Joining the blocks</source>
        <translation>Die Blöcke werden zusammengefügt</translation>
    </message>
    <message>
        <source>Leaning on the neighbours in time</source>
        <translation>Die zeitlichen Nachbarn werden herangezogen</translation>
    </message>
    <message>
        <source>Looking at the matches</source>
        <translation>Die Zuordnungen werden betrachtet</translation>
    </message>
    <message>
        <source>Looking at the ray misses</source>
        <translation>Die Strahlabstände werden betrachtet</translation>
    </message>
    <message>
        <source>Matching</source>
        <translation>Zuordnen</translation>
    </message>
    <message>
        <source>Merging</source>
        <translation>Zusammenführen</translation>
    </message>
    <message>
        <source>Moving the terrain</source>
        <translation>Das Gelände wird verschoben</translation>
    </message>
    <message>
        <source>Outlining {}</source>
        <translation>Umriss von {}</translation>
    </message>
    <message>
        <source>Placing the relief</source>
        <translation>Das Relief wird eingepasst</translation>
    </message>
    <message>
        <source>Predicted</source>
        <translation>Vorhergesagt</translation>
    </message>
    <message>
        <source>Predicting</source>
        <translation>Vorhersagen</translation>
    </message>
    <message>
        <source>Projecting</source>
        <translation>Projizieren</translation>
    </message>
    <message>
        <source>Raising terrain</source>
        <translation>Gelände wird erzeugt</translation>
    </message>
    <message>
        <source>Reading</source>
        <translation>Lesen</translation>
    </message>
    <message>
        <source>Reading GCPs</source>
        <translation>Passpunkte werden gelesen</translation>
    </message>
    <message>
        <source>Reading camera models</source>
        <translation>Kameramodelle werden gelesen</translation>
    </message>
    <message>
        <source>Reading points</source>
        <translation>Punkte werden gelesen</translation>
    </message>
    <message>
        <source>Reading the DTM</source>
        <translation>Das DGM wird gelesen</translation>
    </message>
    <message>
        <source>Reading the image</source>
        <translation>Das Bild wird gelesen</translation>
    </message>
    <message>
        <source>Reading the model</source>
        <translation>Das Modell wird gelesen</translation>
    </message>
    <message>
        <source>Reading {}</source>
        <translation>{} wird gelesen</translation>
    </message>
    <message>
        <source>Refining shift and tilt</source>
        <translation>Verschiebung und Neigung werden verfeinert</translation>
    </message>
    <message>
        <source>Refining the camera models</source>
        <translation>Die Kameramodelle werden verfeinert</translation>
    </message>
    <message>
        <source>Rendering</source>
        <translation>Bilder werden gerechnet</translation>
    </message>
    <message>
        <source>Rendering {}</source>
        <translation>Bild {} wird gerechnet</translation>
    </message>
    <message>
        <source>Resecting by collinearity</source>
        <translation>Rückwärtsschnitt mit Kollinearität</translation>
    </message>
    <message>
        <source>Scoring on held-out ground</source>
        <translation>Bewertung an zurückgehaltenem Gelände</translation>
    </message>
    <message>
        <source>Searching attitudes</source>
        <translation>Drehungen werden gesucht</translation>
    </message>
    <message>
        <source>Seeds</source>
        <translation>Startpunkte</translation>
    </message>
    <message>
        <source>Seeking the shift</source>
        <translation>Die Verschiebung wird gesucht</translation>
    </message>
    <message>
        <source>Shading</source>
        <translation>Schummern</translation>
    </message>
    <message>
        <source>Solving positions</source>
        <translation>Positionen werden gelöst</translation>
    </message>
    <message>
        <source>Solving the trajectory</source>
        <translation>Die Bahn wird gelöst</translation>
    </message>
    <message>
        <source>Sorting points</source>
        <translation>Punkte werden sortiert</translation>
    </message>
    <message>
        <source>Step {} of {}, loss {}</source>
        <translation>Schritt {} von {}, Verlust {}</translation>
    </message>
    <message>
        <source>Takes up to {} MB of memory</source>
        <translation>Braucht bis zu {} MB Speicher</translation>
    </message>
    <message>
        <source>Tile {} of {}</source>
        <translation>Kachel {} von {}</translation>
    </message>
    <message>
        <source>Tiles</source>
        <translation>Kacheln</translation>
    </message>
    <message>
        <source>Trained</source>
        <translation>Trainiert</translation>
    </message>
    <message>
        <source>Unit {} of {}</source>
        <translation>Einheit {} von {}</translation>
    </message>
    <message>
        <source>Waiting for the scheduler</source>
        <translation>Warten auf den Scheduler</translation>
    </message>
    <message>
        <source>Writing</source>
        <translation>Schreiben</translation>
    </message>
    <message>
        <source>Writing camera models</source>
        <translation>Kameramodelle werden geschrieben</translation>
    </message>
    <message>
        <source>Writing the true terrain</source>
        <translation>Das wahre Gelände wird geschrieben</translation>
    </message>
    <message>
        <source>The scheduler has no workers; start some: dask worker {}</source>
        <translation>Der Scheduler hat keine Worker; starten Sie welche: dask worker {}</translation>
    </message>
</context>
<context>
    <name>PushBroomDock</name>
    <message>
        <source>Push-broom</source>
        <translation>Push-Broom</translation>
    </message>
    <message>
        <source>Run all that is left</source>
        <translation>Alles Übrige ausführen</translation>
    </message>
    <message>
        <source>Run every step that is not done, one after the other</source>
        <translation>Jeden Schritt, der nicht erledigt ist, der Reihe nach ausführen</translation>
    </message>
    <message>
        <source>Plots</source>
        <translation>Diagramme</translation>
    </message>
    <message>
        <source>Show or hide orientation, residuals and matches as plots</source>
        <translation>Orientierung, Residuen und Zuordnungen als Diagramme ein- oder ausblenden</translation>
    </message>
    <message>
        <source>The same chain as one algorithm, for batches, scripts and models</source>
        <translation>Dieselbe Kette als ein Algorithmus, für Stapel, Skripte und Modelle</translation>
    </message>
    <message>
        <source>The folder of results cannot be written ({}); choose another one.</source>
        <translation>Der Ordner für Ergebnisse lässt sich nicht beschreiben ({}); wählen Sie einen anderen.</translation>
    </message>
    <message>
        <source>Folder for the sample scene and its results</source>
        <translation>Ordner für die Beispielszene und ihre Ergebnisse</translation>
    </message>
    <message>
        <source>Folder of a scene</source>
        <translation>Ordner einer Szene</translation>
    </message>
    <message>
        <source>{} holds no sensor.json, gcps.csv, altimetry.csv or views; choose the files one by one.</source>
        <translation>{} enthält weder sensor.json, gcps.csv, altimetry.csv noch Bilder; wählen Sie die Dateien einzeln.</translation>
    </message>
    <message>
        <source>The step {} comes next. It needs the Python package {}; Getting started tells more.</source>
        <translation>Als Nächstes kommt der Schritt {}. Er braucht das Python-Paket {}; Erste Schritte sagt mehr.</translation>
    </message>
    <message>
        <source>The step {} comes next. It still needs: {}.</source>
        <translation>Als Nächstes kommt der Schritt {}. Er braucht noch: {}.</translation>
    </message>
    <message>
        <source>All steps are done; the DTM and its comparison are on the map.</source>
        <translation>Alle Schritte sind getan; das DGM und sein Vergleich liegen auf der Karte.</translation>
    </message>
</context>
<context>
    <name>Run</name>
    <message>
        <source>The algorithm {} is not there.</source>
        <translation>Den Algorithmus {} gibt es nicht.</translation>
    </message>
    <message>
        <source>It failed without saying why.</source>
        <translation>Es schlug fehl, ohne einen Grund zu nennen.</translation>
    </message>
</context>
<context>
    <name>RunRow</name>
    <message>
        <source>Stop; nothing half done is left behind</source>
        <translation>Anhalten; nichts Halbfertiges bleibt zurück</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Stopping …</source>
        <translation>Wird angehalten …</translation>
    </message>
</context>
<context>
    <name>StagePanel</name>
    <message>
        <source>Run this step in the background; it can be cancelled</source>
        <translation>Diesen Schritt im Hintergrund ausführen; er lässt sich abbrechen</translation>
    </message>
    <message>
        <source>Take a scene from a folder</source>
        <translation>Eine Szene aus einem Ordner nehmen</translation>
    </message>
    <message>
        <source>Open the report in the browser</source>
        <translation>Den Bericht im Browser öffnen</translation>
    </message>
    <message>
        <source>All parameters of this step, in Processing&apos;s dialog</source>
        <translation>Alle Parameter dieses Schritts im Dialog der Verarbeitung</translation>
    </message>
    <message>
        <source>Still needed: {}</source>
        <translation>Noch nötig: {}</translation>
    </message>
    <message>
        <source>Ready to run</source>
        <translation>Bereit</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Erledigt</translation>
    </message>
    <message>
        <source>An input is newer than the result; run it again</source>
        <translation>Eine Eingabe ist neuer als das Ergebnis; führen Sie den Schritt noch einmal aus</translation>
    </message>
    <message>
        <source>Needs the Python package {}; Getting started (compass button) tells how to get it.</source>
        <translation>Braucht das Python-Paket {}; Erste Schritte (Kompassknopf) sagt, wie man es bekommt.</translation>
    </message>
    <message>
        <source>Running …</source>
        <translation>Läuft …</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source>A sensor that ships, or a JSON file</source>
        <translation>Ein mitgelieferter Sensor oder eine JSON-Datei</translation>
    </message>
    <message>
        <source>Where results are kept; empty: beside the GCPs</source>
        <translation>Wo Ergebnisse abgelegt werden; leer: neben den Passpunkten</translation>
    </message>
    <message>
        <source>Beside the GCPs</source>
        <translation>Neben den Passpunkten</translation>
    </message>
    <message>
        <source>Leave empty for two views</source>
        <translation>Bei zwei Bildern leer lassen</translation>
    </message>
    <message>
        <source>Choose a file</source>
        <translation>Datei wählen</translation>
    </message>
</context>
<context>
    <name>Stages</name>
    <message>
        <source>Good shots</source>
        <translation>Gute Messungen</translation>
    </message>
    <message>
        <source>Wild shots</source>
        <translation>Ausreißer</translation>
    </message>
    <message>
        <source>Certainty map</source>
        <translation>Sicherheitskarte</translation>
    </message>
    <message>
        <source>Exterior orientation</source>
        <translation>Äußere Orientierung</translation>
    </message>
    <message>
        <source>Orientation report</source>
        <translation>Orientierungsbericht</translation>
    </message>
    <message>
        <source>Matches A and B</source>
        <translation>Zuordnungen A und B</translation>
    </message>
    <message>
        <source>Matches A and C</source>
        <translation>Zuordnungen A und C</translation>
    </message>
    <message>
        <source>Ground points</source>
        <translation>Geländepunkte</translation>
    </message>
    <message>
        <source>DTM</source>
        <translation>DGM</translation>
    </message>
    <message>
        <source>Difference</source>
        <translation>Differenz</translation>
    </message>
    <message>
        <source>Comparison report</source>
        <translation>Vergleichsbericht</translation>
    </message>
    <message>
        <source>Scene</source>
        <translation>Szene</translation>
    </message>
    <message>
        <source>Simulate a sample scene</source>
        <translation>Beispielszene simulieren</translation>
    </message>
    <message>
        <source>Folder of results</source>
        <translation>Ordner für Ergebnisse</translation>
    </message>
    <message>
        <source>Image C (if any)</source>
        <translation>Bild C (falls da)</translation>
    </message>
    <message>
        <source>Altimetry and certainty</source>
        <translation>Altimetrie und Sicherheit</translation>
    </message>
    <message>
        <source>Filter and map</source>
        <translation>Filtern und kartieren</translation>
    </message>
    <message>
        <source>Orientation</source>
        <translation>Orientierung</translation>
    </message>
    <message>
        <source>Recover orientation</source>
        <translation>Orientierung bestimmen</translation>
    </message>
    <message>
        <source>Matching</source>
        <translation>Bildzuordnung</translation>
    </message>
    <message>
        <source>Match images</source>
        <translation>Bilder zuordnen</translation>
    </message>
    <message>
        <source>Make the DTM</source>
        <translation>DGM erzeugen</translation>
    </message>
    <message>
        <source>Comparison</source>
        <translation>Vergleich</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>Vergleichen</translation>
    </message>
    <message>
        <source>The scanner&apos;s images of one orbit, its sensor file, ground control points (scanline ends) and laser altimetry of the same ground. No data at hand? Simulate a sample scene; it comes with the truth.</source>
        <translation>Die Bilder des Scanners von einem Umlauf, seine Sensordatei, Passpunkte (Enden der Bildzeilen) und Laseraltimetrie desselben Geländes. Keine Daten zur Hand? Simulieren Sie eine Beispielszene; sie bringt die Wahrheit mit.</translation>
    </message>
    <message>
        <source>Leaves out wild laser shots, then maps how far altitudes between the tracks can be trusted: light is certain. Control points on dark ground will count less.</source>
        <translation>Lässt Ausreißer der Lasermessung weg und kartiert dann, wie weit den Höhen zwischen den Bahnen zu trauen ist: Hell ist sicher. Passpunkte auf dunklem Grund zählen weniger.</translation>
    </message>
    <message>
        <source>Finds where the camera was and how it looked at every line, with error bars. The plots show the six parameters along the orbit; the points on the map lie under the camera.</source>
        <translation>Findet für jede Zeile, wo die Kamera war und wie sie blickte, mit Fehlerbalken. Die Diagramme zeigen die sechs Parameter entlang der Bahn; die Punkte auf der Karte liegen unter der Kamera.</translation>
    </message>
    <message>
        <source>Finds for every pixel of image A the same ground in the other images. Look at the result in the plots, tab Matches: the loupes on the right should show the same place.</source>
        <translation>Findet für jedes Pixel von Bild A dasselbe Gelände in den anderen Bildern. Sehen Sie sich das Ergebnis in den Diagrammen an, Reiter Zuordnungen: Die Lupen rechts sollten denselben Ort zeigen.</translation>
    </message>
    <message>
        <source>Intersects the rays of every match to a ground point, and grids the points to a DTM: height in metres, its sigma, and the number of points.</source>
        <translation>Schneidet die Strahlen jeder Zuordnung zu einem Geländepunkt und rastert die Punkte zu einem DGM: Höhe in Metern, ihr Sigma und die Zahl der Punkte.</translation>
    </message>
    <message>
        <source>Holds the DTM against another one or against altimetry: a map of the differences and a report. A sample scene brings its true terrain.</source>
        <translation>Hält das DGM gegen ein anderes oder gegen Altimetrie: eine Karte der Differenzen und ein Bericht. Eine Beispielszene bringt ihr wahres Gelände mit.</translation>
    </message>
    <message>
        <source>Control points</source>
        <translation>Passpunkte</translation>
    </message>
    <message>
        <source>Error of control points (m)</source>
        <translation>Fehler der Passpunkte (m)</translation>
    </message>
</context>
<context>
    <name>StartPage</name>
    <message>
        <source>Planetary DTM: getting started</source>
        <translation>Planetary DTM: Erste Schritte</translation>
    </message>
    <message>
        <source>Try it without data</source>
        <translation>Ohne Daten ausprobieren</translation>
    </message>
    <message>
        <source>Terrain from one image …</source>
        <translation>Gelände aus einem Bild …</translation>
    </message>
    <message>
        <source>Simulate an image and its altimetry, and open DTM for view</source>
        <translation>Ein Bild und seine Altimetrie simulieren und DGM des Ausschnitts öffnen</translation>
    </message>
    <message>
        <source>Push-broom stereo …</source>
        <translation>Push-Broom-Stereo …</translation>
    </message>
    <message>
        <source>Open the push-broom chain; its first step simulates a scene</source>
        <translation>Die Push-Broom-Kette öffnen; ihr erster Schritt simuliert eine Szene</translation>
    </message>
    <message>
        <source>A lunar image with laser altimetry, in seconds. Then press Generate DTM for view.</source>
        <translation>Ein Mondbild mit Laseraltimetrie, in Sekunden. Drücken Sie dann DGM des Ausschnitts erzeugen.</translation>
    </message>
    <message>
        <source>Three images of one orbit with control points and altimetry, in some minutes.</source>
        <translation>Drei Bilder eines Umlaufs mit Passpunkten und Altimetrie, in einigen Minuten.</translation>
    </message>
    <message>
        <source>What is installed</source>
        <translation>Was installiert ist</translation>
    </message>
    <message>
        <source>These are enough for terrain from one image. More packages add more; the plugin installs none itself.</source>
        <translation>Das reicht für Gelände aus einem Bild. Weitere Pakete bringen mehr; die Erweiterung installiert selbst keines.</translation>
    </message>
    <message>
        <source>{}, not installed, would add: {}</source>
        <translation>{}, nicht installiert, brächte: {}</translation>
    </message>
    <message>
        <source>Copy the command: {}</source>
        <translation>Den Befehl kopieren: {}</translation>
    </message>
    <message>
        <source>Copy the command for {}</source>
        <translation>Den Befehl für {} kopieren</translation>
    </message>
    <message>
        <source>Folder for the sample scene</source>
        <translation>Ordner für die Beispielszene</translation>
    </message>
    <message>
        <source>Sample image</source>
        <translation>Beispielbild</translation>
    </message>
</context>
<context>
    <name>Steps</name>
    <message>
        <source>DTM from extent</source>
        <translation>DGM aus Ausschnitt</translation>
    </message>
    <message>
        <source>Terrain from one image</source>
        <translation>Gelände aus einem Bild</translation>
    </message>
    <message>
        <source>Turns the chosen extent of an image into a digital terrain model (DTM) by a learned image-to-height model.</source>
        <translation>Macht aus dem gewählten Ausschnitt eines Bildes ein digitales Geländemodell (DGM), mit einem gelernten Modell von Bild zu Höhe.</translation>
    </message>
    <message>
        <source>Give the azimuth of the sun where you know it; it is estimated from the shading otherwise, and a doubtful estimate is reported. Use grey or naturally coloured images, never a colourised elevation map.</source>
        <translation>Geben Sie das Azimut der Sonne an, wo Sie es kennen; sonst wird es aus der Schattierung geschätzt, und eine zweifelhafte Schätzung wird gemeldet. Nehmen Sie graue Bilder oder solche in natürlichen Farben, nie eine eingefärbte Höhenkarte.</translation>
    </message>
    <message>
        <source>Image layer</source>
        <translation>Bildlayer</translation>
    </message>
    <message>
        <source>The image to read: any georeferenced raster, grey or natural colour.</source>
        <translation>Das Bild, das gelesen wird: ein beliebiges georeferenziertes Raster, grau oder in natürlichen Farben.</translation>
    </message>
    <message>
        <source>Extent</source>
        <translation>Ausdehnung</translation>
    </message>
    <message>
        <source>Area to turn into terrain, in the image&apos;s CRS; left empty, the whole image. It is snapped outward to whole pixels.</source>
        <translation>Gebiet, das Gelände werden soll, im KBS des Bildes; leer: das ganze Bild. Es wird nach außen auf ganze Pixel gerundet.</translation>
    </message>
    <message>
        <source>Pixel size</source>
        <translation>Pixelgröße</translation>
    </message>
    <message>
        <source>Ground size of an output pixel. Left empty: the image&apos;s own, coarsened until the longer side has at most 4096 pixels.</source>
        <translation>Größe eines Pixels des Ergebnisses am Boden. Leer: die des Bildes, vergröbert, bis die längere Seite höchstens 4096 Pixel hat.</translation>
    </message>
    <message>
        <source>m</source>
        <translation>m</translation>
    </message>
    <message>
        <source>Altimetry for levelling</source>
        <translation>Altimetrie zum Einpassen</translation>
    </message>
    <message>
        <source>Altitude field</source>
        <translation>Höhenfeld</translation>
    </message>
    <message>
        <source>Column of the altimetry that holds altitudes in metres above the datum; left empty, it is recognised by its name.</source>
        <translation>Spalte der Altimetrie mit den Höhen in Metern über dem Datum; leer: wird am Namen erkannt.</translation>
    </message>
    <message>
        <source>Reference DEM for levelling</source>
        <translation>Referenz-DHM zum Einpassen</translation>
    </message>
    <message>
        <source>Sun azimuth</source>
        <translation>Sonnenazimut</translation>
    </message>
    <message>
        <source>Direction towards the sun, clockwise from north. Left empty: read from the image&apos;s metadata or estimated from its shading.</source>
        <translation>Richtung zur Sonne, im Uhrzeigersinn von Norden. Leer: aus den Metadaten des Bildes gelesen oder aus seiner Schattierung geschätzt.</translation>
    </message>
    <message>
        <source>degrees</source>
        <translation>Grad</translation>
    </message>
    <message>
        <source>Sun incidence</source>
        <translation>Sonneneinfall</translation>
    </message>
    <message>
        <source>Angle of the sun from the zenith. Left empty: taken as the model&apos;s usual one; it sets the scale of relief where nothing levels it.</source>
        <translation>Winkel der Sonne vom Zenit. Leer: der übliche des Modells; er bestimmt den Maßstab des Reliefs, wo nichts es einpasst.</translation>
    </message>
    <message>
        <source>Mode</source>
        <translation>Modus</translation>
    </message>
    <message>
        <source>seamless: full resolution in overlapping tiles joined without seams. jmars: as JMARS does it, one 1024 x 1024 square, scaled down and filled with mirrors.</source>
        <translation>seamless: volle Auflösung in überlappenden Kacheln, ohne Nähte verbunden. jmars: wie JMARS es macht, ein Quadrat von 1024 x 1024, verkleinert und mit Spiegelbildern aufgefüllt.</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Model file (.safetensors); left empty, the one that ships with the plugin.</source>
        <translation>Modelldatei (.safetensors); leer: die mit der Erweiterung ausgelieferte.</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>Rechenwerk</translation>
    </message>
    <message>
        <source>auto uses torch when it is installed, NumPy otherwise; the result is the same.</source>
        <translation>auto nimmt torch, wenn es installiert ist, sonst NumPy; das Ergebnis ist dasselbe.</translation>
    </message>
    <message>
        <source>DTM</source>
        <translation>DGM</translation>
    </message>
    <message>
        <source>GeoTIFF: band 1 height, and sigma where the terrain is levelled; its metadata say how it was made.</source>
        <translation>GeoTIFF: Band 1 Höhe, und Sigma, wo das Gelände eingepasst ist; die Metadaten sagen, wie es gemacht wurde.</translation>
    </message>
    <message>
        <source>Level DTM</source>
        <translation>DGM einpassen</translation>
    </message>
    <message>
        <source>Terrain</source>
        <translation>Gelände</translation>
    </message>
    <message>
        <source>Relative terrain (from one image) gets scale, plane and long waves from the reference, and a band of its one-sigma error. Rigid levelling moves a measured terrain (from stereo) as a whole: a three-dimensional shift and a tilt, never a scale.</source>
        <translation>Relatives Gelände (aus einem Bild) bekommt Maßstab, Ebene und lange Wellen von der Referenz, und ein Band mit seinem Ein-Sigma-Fehler. Starres Einpassen bewegt gemessenes Gelände (aus Stereo) als Ganzes: eine dreidimensionale Verschiebung und eine Neigung, nie ein Maßstab.</translation>
    </message>
    <message>
        <source>The DTM to level; its first band is the height.</source>
        <translation>Das DGM, das eingepasst wird; sein erstes Band ist die Höhe.</translation>
    </message>
    <message>
        <source>Altimetry</source>
        <translation>Altimetrie</translation>
    </message>
    <message>
        <source>Reference DEM</source>
        <translation>Referenz-DHM</translation>
    </message>
    <message>
        <source>relative: scale, plane and fusion, for terrain from one image. rigid: shift and tilt only, for measured terrain.</source>
        <translation>relative: Maßstab, Ebene und Verschmelzung, für Gelände aus einem Bild. rigid: nur Verschiebung und Neigung, für gemessenes Gelände.</translation>
    </message>
    <message>
        <source>Levelled DTM</source>
        <translation>Eingepasstes DGM</translation>
    </message>
    <message>
        <source>Compare DTM</source>
        <translation>DGM vergleichen</translation>
    </message>
    <message>
        <source>Measures a DTM against a reference: another DEM, or altimetry. Gives the difference (DTM minus reference), a report with maps and a histogram, and the usual numbers: bias, RMSE, NMAD, LE90, correlation, slope RMSE.</source>
        <translation>Misst ein DGM an einer Referenz: einem anderen DHM oder Altimetrie. Gibt die Differenz (DGM minus Referenz), einen Bericht mit Karten und Histogramm und die üblichen Zahlen: Bias, RMSE, NMAD, LE90, Korrelation, RMSE der Neigung.</translation>
    </message>
    <message>
        <source>The DTM to measure; its first band is the height.</source>
        <translation>Das DGM, das gemessen wird; sein erstes Band ist die Höhe.</translation>
    </message>
    <message>
        <source>Reference</source>
        <translation>Referenz</translation>
    </message>
    <message>
        <source>Difference</source>
        <translation>Differenz</translation>
    </message>
    <message>
        <source>GeoTIFF on the DTM&apos;s grid: DTM minus reference, in metres; with altimetry, the pixels that hold shots.</source>
        <translation>GeoTIFF auf dem Gitter des DGM: DGM minus Referenz, in Metern; bei Altimetrie die Pixel mit Messungen.</translation>
    </message>
    <message>
        <source>Report</source>
        <translation>Bericht</translation>
    </message>
    <message>
        <source>HTML page with maps, histogram and numbers.</source>
        <translation>HTML-Seite mit Karten, Histogramm und Zahlen.</translation>
    </message>
    <message>
        <source>Bias</source>
        <translation>Bias</translation>
    </message>
    <message>
        <source>Mean difference in metres.</source>
        <translation>Mittlere Differenz in Metern.</translation>
    </message>
    <message>
        <source>RMSE</source>
        <translation>RMSE</translation>
    </message>
    <message>
        <source>Root mean square difference in metres.</source>
        <translation>Quadratisches Mittel der Differenz in Metern.</translation>
    </message>
    <message>
        <source>NMAD</source>
        <translation>NMAD</translation>
    </message>
    <message>
        <source>1.4826 times the median absolute deviation, in metres.</source>
        <translation>1,4826-mal der Median der absoluten Abweichung, in Metern.</translation>
    </message>
    <message>
        <source>LE90</source>
        <translation>LE90</translation>
    </message>
    <message>
        <source>90th percentile of the absolute difference, in metres.</source>
        <translation>90. Perzentil der absoluten Differenz, in Metern.</translation>
    </message>
    <message>
        <source>CC</source>
        <translation>CC</translation>
    </message>
    <message>
        <source>Pearson correlation of the heights.</source>
        <translation>Korrelation der Höhen nach Pearson.</translation>
    </message>
    <message>
        <source>Slope RMSE</source>
        <translation>RMSE der Neigung</translation>
    </message>
    <message>
        <source>Root mean square difference of the slopes in degrees.</source>
        <translation>Quadratisches Mittel der Differenz der Neigungen in Grad.</translation>
    </message>
    <message>
        <source>Count</source>
        <translation>Anzahl</translation>
    </message>
    <message>
        <source>Number of pixels or shots compared.</source>
        <translation>Anzahl der verglichenen Pixel oder Messungen.</translation>
    </message>
    <message>
        <source>Hillshade</source>
        <translation>Schummerung</translation>
    </message>
    <message>
        <source>Lights a DTM from one side. Slopes are true on every body and in every CRS: degrees are turned into metres of the body&apos;s own ground, which QGIS&apos;s hillshade leaves to its Z factor.</source>
        <translation>Beleuchtet ein DGM von einer Seite. Neigungen sind auf jedem Körper und in jedem KBS wahr: Grad werden in Meter des Bodens dieses Körpers umgerechnet, was die Schummerung von QGIS ihrem Z-Faktor überlässt.</translation>
    </message>
    <message>
        <source>The DTM to light; its first band is the height in metres.</source>
        <translation>Das DGM, das beleuchtet wird; sein erstes Band ist die Höhe in Metern.</translation>
    </message>
    <message>
        <source>Azimuth of the light</source>
        <translation>Azimut des Lichts</translation>
    </message>
    <message>
        <source>Altitude of the light</source>
        <translation>Höhe des Lichts</translation>
    </message>
    <message>
        <source>Height of the light above the horizon.</source>
        <translation>Winkel des Lichts über dem Horizont.</translation>
    </message>
    <message>
        <source>Exaggeration</source>
        <translation>Überhöhung</translation>
    </message>
    <message>
        <source>Factor on the heights; 1 shows slopes as they are.</source>
        <translation>Faktor auf die Höhen; 1 zeigt Neigungen, wie sie sind.</translation>
    </message>
    <message>
        <source>GeoTIFF, 8-bit grey, 0 where unknown.</source>
        <translation>GeoTIFF, 8 Bit grau, 0 wo unbekannt.</translation>
    </message>
    <message>
        <source>Simulate image scene</source>
        <translation>Bildszene simulieren</translation>
    </message>
    <message>
        <source>Simulation</source>
        <translation>Simulation</translation>
    </message>
    <message>
        <source>Makes a scene to try the way from image to terrain without data: a simulated lunar image lit from one side, altimeter tracks over it with noise and a few wild shots, and the true terrain to compare with.</source>
        <translation>Macht eine Szene, um den Weg vom Bild zum Gelände ohne Daten auszuprobieren: ein simuliertes Mondbild, von einer Seite beleuchtet, Altimeterbahnen darüber mit Rauschen und einigen Ausreißern, und das wahre Gelände zum Vergleich.</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Ground size of a pixel.</source>
        <translation>Größe eines Pixels am Boden.</translation>
    </message>
    <message>
        <source>Direction towards the sun, clockwise from north.</source>
        <translation>Richtung zur Sonne, im Uhrzeigersinn von Norden.</translation>
    </message>
    <message>
        <source>Angle of the sun from the zenith.</source>
        <translation>Winkel der Sonne vom Zenit.</translation>
    </message>
    <message>
        <source>Altimeter tracks</source>
        <translation>Altimeterbahnen</translation>
    </message>
    <message>
        <source>Number of altimeter tracks across the image.</source>
        <translation>Anzahl der Altimeterbahnen über das Bild.</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>Startzahl</translation>
    </message>
    <message>
        <source>The same seed makes the same scene.</source>
        <translation>Dieselbe Startzahl macht dieselbe Szene.</translation>
    </message>
    <message>
        <source>Scene folder</source>
        <translation>Szenenordner</translation>
    </message>
    <message>
        <source>Folder for image.tif, altimetry.csv and truth_dtm.tif.</source>
        <translation>Ordner für image.tif, altimetry.csv und truth_dtm.tif.</translation>
    </message>
    <message>
        <source>DTM from mosaic</source>
        <translation>DGM aus Mosaik</translation>
    </message>
    <message>
        <source>Turns an image mosaic of any size into a digital terrain model (DTM), as DTM from extent does for a view, but block by block in several processes, here or on a Dask cluster, in bounded memory.</source>
        <translation>Macht aus einem Bildmosaik beliebiger Größe ein digitales Geländemodell (DGM), wie DGM aus Ausschnitt es für einen Ausschnitt tut, aber Block für Block in mehreren Prozessen, hier oder auf einem Dask-Cluster, mit begrenztem Speicher.</translation>
    </message>
    <message>
        <source>Give altimetry or a reference DEM that reaches every block, and the result is in metres with its one-sigma error; without, blocks are joined to one relative surface.</source>
        <translation>Geben Sie Altimetrie oder ein Referenz-DHM an, das jeden Block erreicht, so ist das Ergebnis in Metern, mit seinem Ein-Sigma-Fehler; ohne werden die Blöcke zu einer relativen Fläche verbunden.</translation>
    </message>
    <message>
        <source>Ground size of an output pixel, rounded to a whole number of image pixels; left empty, the image&apos;s own.</source>
        <translation>Größe eines Pixels des Ergebnisses am Boden, auf eine ganze Zahl von Bildpixeln gerundet; leer: die des Bildes.</translation>
    </message>
    <message>
        <source>Block size</source>
        <translation>Blockgröße</translation>
    </message>
    <message>
        <source>Side of a block in pixels of the DTM: one unit of work. Made smaller where MEMORY does not hold it.</source>
        <translation>Seite eines Blocks in Pixeln des DGM: eine Arbeitseinheit. Wird verkleinert, wo MEMORY ihn nicht fasst.</translation>
    </message>
    <message>
        <source>Workers</source>
        <translation>Arbeitsprozesse</translation>
    </message>
    <message>
        <source>Processes on this machine, of one thread each; left empty, one a core. 1 works without Dask.</source>
        <translation>Prozesse auf diesem Rechner, jeder mit einem Thread; leer: einer je Kern. 1 kommt ohne Dask aus.</translation>
    </message>
    <message>
        <source>Memory of a worker</source>
        <translation>Speicher eines Prozesses</translation>
    </message>
    <message>
        <source>What one worker may take; it decides the largest block.</source>
        <translation>Was ein Prozess belegen darf; das bestimmt den größten Block.</translation>
    </message>
    <message>
        <source>MB</source>
        <translation>MB</translation>
    </message>
    <message>
        <source>Scheduler</source>
        <translation>Scheduler</translation>
    </message>
    <message>
        <source>Address of a running Dask scheduler, for example tcp://host:8786; its workers need this package and the same file system. Left empty, workers are started here.</source>
        <translation>Adresse eines laufenden Dask-Schedulers, etwa tcp://host:8786; seine Prozesse brauchen dieses Paket und dasselbe Dateisystem. Leer: Prozesse werden hier gestartet.</translation>
    </message>
    <message>
        <source>Filter altimetry</source>
        <translation>Altimetrie filtern</translation>
    </message>
    <message>
        <source>Finds wild shots in laser altimetry. Weighted locally optimal projection (Huang et al. 2009) gives a robust surface; a shot far from what its neighbours say, against the local spread, is an outlier. Rugged ground is not thinned out: the limit is read off the shots&apos; own distribution.</source>
        <translation>Findet Ausreißer in der Laseraltimetrie. Gewichtete lokal optimale Projektion (Huang et al. 2009) gibt eine robuste Fläche; eine Messung, die gemessen an der örtlichen Streuung weit von dem liegt, was ihre Nachbarn sagen, ist ein Ausreißer. Rauer Grund wird nicht ausgedünnt: Die Grenze wird an der Verteilung der Messungen selbst abgelesen.</translation>
    </message>
    <message>
        <source>Column that holds altitudes in metres above the datum; left empty, it is recognised by its name.</source>
        <translation>Spalte mit den Höhen in Metern über dem Datum; leer: wird am Namen erkannt.</translation>
    </message>
    <message>
        <source>Body</source>
        <translation>Körper</translation>
    </message>
    <message>
        <source>Name of the body (Moon, Mars ...) where a table without geometry does not tell it.</source>
        <translation>Name des Körpers (Moon, Mars ...), wo eine Tabelle ohne Geometrie ihn nicht sagt.</translation>
    </message>
    <message>
        <source>Good shots</source>
        <translation>Gute Messungen</translation>
    </message>
    <message>
        <source>Outliers</source>
        <translation>Ausreißer</translation>
    </message>
    <message>
        <source>The wild shots, with the same columns.</source>
        <translation>Die Ausreißer, mit denselben Spalten.</translation>
    </message>
    <message>
        <source>Kept</source>
        <translation>Behalten</translation>
    </message>
    <message>
        <source>Number of good shots.</source>
        <translation>Anzahl der guten Messungen.</translation>
    </message>
    <message>
        <source>Number of wild shots.</source>
        <translation>Anzahl der Ausreißer.</translation>
    </message>
    <message>
        <source>Certainty map</source>
        <translation>Sicherheitskarte</translation>
    </message>
    <message>
        <source>Interpolates laser altitudes between the tracks and tells how far they can be trusted: the certainty of Xu et al. (2016), mu = alpha mu_dist + (1 - alpha) mu_cross, from the distance to the nearest shots and from how well they predict each other, and a one-sigma error in metres calibrated on withheld shots.</source>
        <translation>Interpoliert Laserhöhen zwischen den Bahnen und sagt, wie weit ihnen zu trauen ist: die Sicherheit von Xu et al. (2016), mu = alpha mu_dist + (1 - alpha) mu_cross, aus dem Abstand zu den nächsten Messungen und daraus, wie gut sie einander vorhersagen, und einen Ein-Sigma-Fehler in Metern, geeicht an zurückgehaltenen Messungen.</translation>
    </message>
    <message>
        <source>Ground size of a cell. Left empty: 512 cells along the longer side.</source>
        <translation>Größe einer Zelle am Boden. Leer: 512 Zellen auf der längeren Seite.</translation>
    </message>
    <message>
        <source>CRS</source>
        <translation>KBS</translation>
    </message>
    <message>
        <source>CRS of the map; left empty, longitude and latitude of the body, polar stereographic beyond 75 degrees.</source>
        <translation>KBS der Karte; leer: Länge und Breite des Körpers, jenseits von 75 Grad polar-stereographisch.</translation>
    </message>
    <message>
        <source>Sectors</source>
        <translation>Sektoren</translation>
    </message>
    <message>
        <source>Azimuth sectors around a cell; the nearest shot of each is used.</source>
        <translation>Azimutsektoren um eine Zelle; aus jedem zählt die nächste Messung.</translation>
    </message>
    <message>
        <source>Largest distance</source>
        <translation>Größter Abstand</translation>
    </message>
    <message>
        <source>Distance at which a shot no longer counts for mu_dist. Left empty: 7/1700 of the body&apos;s radius.</source>
        <translation>Abstand, ab dem eine Messung für mu_dist nicht mehr zählt. Leer: 7/1700 des Körperradius.</translation>
    </message>
    <message>
        <source>Largest error</source>
        <translation>Größter Fehler</translation>
    </message>
    <message>
        <source>Error of a shot predicted by its neighbours at which its mu_cross is 0.</source>
        <translation>Fehler einer von ihren Nachbarn vorhergesagten Messung, bei dem ihr mu_cross 0 ist.</translation>
    </message>
    <message>
        <source>Share of mu_dist</source>
        <translation>Anteil von mu_dist</translation>
    </message>
    <message>
        <source>Weight of mu_dist in the certainty, 0 to 1.</source>
        <translation>Gewicht von mu_dist in der Sicherheit, 0 bis 1.</translation>
    </message>
    <message>
        <source>GeoTIFF with bands altitude, certainty, mu_dist, mu_cross and sigma.</source>
        <translation>GeoTIFF mit den Bändern altitude, certainty, mu_dist, mu_cross und sigma.</translation>
    </message>
    <message>
        <source>Simulate push-broom scene</source>
        <translation>Push-Broom-Szene simulieren</translation>
    </message>
    <message>
        <source>Flies a line scanner over simulated or given terrain and writes what real data would be, with the truth beside it: sensor.json, gcps.csv (scanline ends), altimetry.csv (a laser altimeter with noise and a few wild shots), one image a view, truth_eop.csv and truth_dtm.tif.</source>
        <translation>Fliegt einen Zeilenscanner über simuliertes oder gegebenes Gelände und schreibt, was echte Daten wären, mit der Wahrheit daneben: sensor.json, gcps.csv (Enden der Bildzeilen), altimetry.csv (ein Laseraltimeter mit Rauschen und einigen Ausreißern), ein Bild je Blickrichtung, truth_eop.csv und truth_dtm.tif.</translation>
    </message>
    <message>
        <source>Presets: ce1 is Chang&apos;E-1&apos;s three-line scanner from 200 km; ce2 Chang&apos;E-2&apos;s two-line scanner from 100 km with the published pitch, ce2_paper with the pitch its view angles imply.</source>
        <translation>Voreinstellungen: ce1 ist der Dreizeilenscanner von Chang'E-1 aus 200 km; ce2 der Zweizeilenscanner von Chang'E-2 aus 100 km mit dem veröffentlichten Pixelabstand, ce2_paper mit dem, den seine Blickwinkel ergeben.</translation>
    </message>
    <message>
        <source>Preset</source>
        <translation>Voreinstellung</translation>
    </message>
    <message>
        <source>Sensor and orbit.</source>
        <translation>Sensor und Umlaufbahn.</translation>
    </message>
    <message>
        <source>rough (fractal relief and craters), paper (the wavelet terrain of Xu et al. 2016), or the path of a DEM in longitude, latitude without holes.</source>
        <translation>rough (fraktales Relief und Krater), paper (das Wavelet-Gelände von Xu et al. 2016) oder der Pfad eines DHM in Länge und Breite ohne Lücken.</translation>
    </message>
    <message>
        <source>Detail below a DEM&apos;s cells</source>
        <translation>Feinheiten unter den Zellen eines DHM</translation>
    </message>
    <message>
        <source>RMS slope (tangent) of fractal relief added to a DEM, from two of its cells down to two image pixels; 0 for none, 0.15 is usual. Needed where pixels are much finer than the DEM, as Chang&apos;E-2&apos;s are.</source>
        <translation>RMS der Neigung (Tangens) fraktalen Reliefs, das einem DHM hinzugefügt wird, von zweien seiner Zellen bis zu zwei Bildpixeln; 0 für keines, 0,15 ist üblich. Nötig, wo Pixel viel feiner sind als das DHM, wie die von Chang'E-2.</translation>
    </message>
    <message>
        <source>Lines</source>
        <translation>Zeilen</translation>
    </message>
    <message>
        <source>Number of image lines; the views share ground only from about 1,200 lines on.</source>
        <translation>Anzahl der Bildzeilen; gemeinsamen Boden haben die Bilder erst ab etwa 1.200 Zeilen.</translation>
    </message>
    <message>
        <source>Jitter</source>
        <translation>Zittern</translation>
    </message>
    <message>
        <source>RMS of the attitude&apos;s jitter, per axis.</source>
        <translation>RMS des Zitterns der Lage, je Achse.</translation>
    </message>
    <message>
        <source>rad</source>
        <translation>rad</translation>
    </message>
    <message>
        <source>Start latitude</source>
        <translation>Breite des Anfangs</translation>
    </message>
    <message>
        <source>Latitude of the first line, flown northward. Left empty: 20°, or so that a DEM's middle is the scene's.</source>
        <translation>Breite der ersten Zeile, geflogen wird nach Norden. Leer: 20°, oder so, dass die Mitte eines DHM die der Szene ist.</translation>
    </message>
    <message>
        <source>Lateral noise</source>
        <translation>Lagerauschen</translation>
    </message>
    <message>
        <source>Sigma of the noise on each horizontal component of the GCPs.</source>
        <translation>Sigma des Rauschens auf jeder waagrechten Komponente der Passpunkte.</translation>
    </message>
    <message>
        <source>GCPs with altitudes</source>
        <translation>Passpunkte mit Höhen</translation>
    </message>
    <message>
        <source>Write the exact altitude of every GCP; real tables have none and take them from the altimetry.</source>
        <translation>Die genaue Höhe jedes Passpunkts schreiben; echte Tabellen haben keine und nehmen sie aus der Altimetrie.</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>Render an image of every view.</source>
        <translation>Ein Bild jeder Blickrichtung rechnen.</translation>
    </message>
    <message>
        <source>True points</source>
        <translation>Wahre Punkte</translation>
    </message>
    <message>
        <source>Write the exact x, y, z of every pixel of every view.</source>
        <translation>Die genauen x, y, z jedes Pixels jeder Blickrichtung schreiben.</translation>
    </message>
    <message>
        <source>Towards the sun, clockwise from north, at the scene&apos;s middle.</source>
        <translation>Zur Sonne, im Uhrzeigersinn von Norden, in der Mitte der Szene.</translation>
    </message>
    <message>
        <source>Angle of the sun from the zenith at the scene&apos;s middle.</source>
        <translation>Winkel der Sonne vom Zenit in der Mitte der Szene.</translation>
    </message>
    <message>
        <source>Signal to noise</source>
        <translation>Signal zu Rauschen</translation>
    </message>
    <message>
        <source>Mean grey over the sigma of the sensor&apos;s noise; 0 for none.</source>
        <translation>Mittlerer Grauwert durch Sigma des Sensorrauschens; 0 für keines.</translation>
    </message>
    <message>
        <source>Albedo texture</source>
        <translation>Albedotextur</translation>
    </message>
    <message>
        <source>RMS of the relative albedo variations, attached to the ground.</source>
        <translation>RMS der relativen Schwankungen der Albedo, am Boden haftend.</translation>
    </message>
    <message>
        <source>Folder for the scene&apos;s files; made if need be.</source>
        <translation>Ordner für die Dateien der Szene; wird bei Bedarf angelegt.</translation>
    </message>
    <message>
        <source>Import GCPs</source>
        <translation>Passpunkte importieren</translation>
    </message>
    <message>
        <source>Stereo</source>
        <translation>Stereo</translation>
    </message>
    <message>
        <source>Turns the positions of the first and last pixel of every scanline, as mission products list them, into ground control points. Give one table a view (CSV or text with a header line) and name its columns; longitudes and latitudes are planetocentric degrees, east positive.</source>
        <translation>Macht aus den Orten des ersten und letzten Pixels jeder Bildzeile, wie Missionsprodukte sie auflisten, Passpunkte. Geben Sie je Blickrichtung eine Tabelle an (CSV oder Text mit Kopfzeile) und nennen Sie ihre Spalten; Längen und Breiten sind planetozentrische Grad, Ost positiv.</translation>
    </message>
    <message>
        <source>The manual shows the way from Chang&apos;E 2C products (docs/importing-gcps.md). The result is checked against the sensor: swapped columns, radians and tables of the wrong view are named.</source>
        <translation>Das Handbuch zeigt den Weg von Chang'E-2C-Produkten (docs/importing-gcps.md). Das Ergebnis wird am Sensor geprüft: vertauschte Spalten, Radiant und Tabellen der falschen Blickrichtung werden benannt.</translation>
    </message>
    <message>
        <source>Or give the camera model of a line scanner (CSM state or ISD) instead: its scanline ends are found on a DEM, or on the sphere, and the sensor that goes with them is written beside.</source>
        <translation>Oder geben Sie stattdessen das Kameramodell eines Zeilenscanners an (CSM-Zustand oder ISD): Die Enden seiner Bildzeilen werden auf einem DHM oder auf der Kugel gefunden, und der zugehörige Sensor wird daneben geschrieben.</translation>
    </message>
    <message>
        <source>Tables</source>
        <translation>Tabellen</translation>
    </message>
    <message>
        <source>One table a view.</source>
        <translation>Je Blickrichtung eine Tabelle.</translation>
    </message>
    <message>
        <source>Sensor</source>
        <translation>Sensor</translation>
    </message>
    <message>
        <source>Sensor file (JSON), or the name of one that ships: ce1, ce2, ce2_paper.</source>
        <translation>Sensordatei (JSON) oder der Name einer mitgelieferten: ce1, ce2, ce2_paper.</translation>
    </message>
    <message>
        <source>Views</source>
        <translation>Blickrichtungen</translation>
    </message>
    <message>
        <source>Names of the views, in the order of the tables, with commas between. Left empty: the sensor&apos;s order.</source>
        <translation>Namen der Blickrichtungen in der Reihenfolge der Tabellen, mit Kommas dazwischen. Leer: die Reihenfolge des Sensors.</translation>
    </message>
    <message>
        <source>Line column</source>
        <translation>Spalte der Zeile</translation>
    </message>
    <message>
        <source>Column with the line number. Left empty: rows are counted from 0.</source>
        <translation>Spalte mit der Zeilennummer. Leer: Die Zeilen werden ab 0 gezählt.</translation>
    </message>
    <message>
        <source>Longitude of the first pixel</source>
        <translation>Länge des ersten Pixels</translation>
    </message>
    <message>
        <source>Column with the longitude of the first pixel.</source>
        <translation>Spalte mit der Länge des ersten Pixels.</translation>
    </message>
    <message>
        <source>Latitude of the first pixel</source>
        <translation>Breite des ersten Pixels</translation>
    </message>
    <message>
        <source>Column with the latitude of the first pixel.</source>
        <translation>Spalte mit der Breite des ersten Pixels.</translation>
    </message>
    <message>
        <source>Longitude of the last pixel</source>
        <translation>Länge des letzten Pixels</translation>
    </message>
    <message>
        <source>Column with the longitude of the last pixel.</source>
        <translation>Spalte mit der Länge des letzten Pixels.</translation>
    </message>
    <message>
        <source>Latitude of the last pixel</source>
        <translation>Breite des letzten Pixels</translation>
    </message>
    <message>
        <source>Column with the latitude of the last pixel.</source>
        <translation>Spalte mit der Breite des letzten Pixels.</translation>
    </message>
    <message>
        <source>Altitude of the first pixel</source>
        <translation>Höhe des ersten Pixels</translation>
    </message>
    <message>
        <source>Column with the altitude of the first pixel.</source>
        <translation>Spalte mit der Höhe des ersten Pixels.</translation>
    </message>
    <message>
        <source>Altitude of the last pixel</source>
        <translation>Höhe des letzten Pixels</translation>
    </message>
    <message>
        <source>Column with the altitude of the last pixel.</source>
        <translation>Spalte mit der Höhe des letzten Pixels.</translation>
    </message>
    <message>
        <source>Sample of the first pixel</source>
        <translation>Spaltennummer des ersten Pixels</translation>
    </message>
    <message>
        <source>0-based; swap it with the last where the product counts from the other side.</source>
        <translation>Ab 0 gezählt; mit der letzten zu tauschen, wo das Produkt von der anderen Seite zählt.</translation>
    </message>
    <message>
        <source>Sample of the last pixel</source>
        <translation>Spaltennummer des letzten Pixels</translation>
    </message>
    <message>
        <source>0-based. Left empty: the sensor&apos;s last sample.</source>
        <translation>Ab 0 gezählt. Leer: die letzte des Sensors.</translation>
    </message>
    <message>
        <source>Line offset</source>
        <translation>Zeilenversatz</translation>
    </message>
    <message>
        <source>Added to the line numbers: -1 where the product counts from 1.</source>
        <translation>Wird zu den Zeilennummern addiert: -1, wo das Produkt ab 1 zählt.</translation>
    </message>
    <message>
        <source>Missing value</source>
        <translation>Fehlwert</translation>
    </message>
    <message>
        <source>Stands for an unknown position or altitude, -9999 for example.</source>
        <translation>Steht für einen unbekannten Ort oder eine unbekannte Höhe, etwa -9999.</translation>
    </message>
    <message>
        <source>Camera model</source>
        <translation>Kameramodell</translation>
    </message>
    <message>
        <source>Instead of tables and sensor: a line scanner&apos;s CSM state or ISD (JSON).</source>
        <translation>Statt Tabellen und Sensor: CSM-Zustand oder ISD (JSON) eines Zeilenscanners.</translation>
    </message>
    <message>
        <source>DEM</source>
        <translation>DHM</translation>
    </message>
    <message>
        <source>Line step</source>
        <translation>Zeilenschritt</translation>
    </message>
    <message>
        <source>GCPs of the camera every so many lines.</source>
        <translation>Passpunkte der Kamera alle so viele Zeilen.</translation>
    </message>
    <message>
        <source>GCPs</source>
        <translation>Passpunkte</translation>
    </message>
    <message>
        <source>Table of GCPs (CSV or a point layer).</source>
        <translation>Tabelle der Passpunkte (CSV oder ein Punktlayer).</translation>
    </message>
    <message>
        <source>The line scanner of the camera model (JSON), for recovereop.</source>
        <translation>Der Zeilenscanner des Kameramodells (JSON), für recovereop.</translation>
    </message>
    <message>
        <source>Recover exterior orientation</source>
        <translation>Äußere Orientierung bestimmen</translation>
    </message>
    <message>
        <source>Finds where a line scanner was and how it looked at every line, from ground control points (GCPs) of which longitude and latitude are known well and the altitude from altimetry of uneven quality.</source>
        <translation>Findet, wo ein Zeilenscanner bei jeder Zeile war und wie er blickte, aus Passpunkten, deren Länge und Breite gut bekannt sind und deren Höhe aus Altimetrie von ungleicher Güte stammt.</translation>
    </message>
    <message>
        <source>trajectory: one smooth orbit and attitude through all control, with error bars; use it unless you compare methods. two_phase: line by line, attitude from longitude and latitude alone, then the position (Xu et al. 2016). collinearity: line by line, all at once, every GCP alike.</source>
        <translation>trajectory: eine glatte Bahn und Lage durch alle Passpunkte, mit Fehlerbalken; nehmen Sie sie, wenn Sie nicht Verfahren vergleichen. two_phase: Zeile für Zeile, die Lage aus Länge und Breite allein, dann der Ort (Xu et al. 2016). collinearity: Zeile für Zeile, alles auf einmal, jeder Passpunkt gleich.</translation>
    </message>
    <message>
        <source>TIES, matches between the views, make the trajectory a bundle adjustment: rays of one ground point have to meet, and the surface they span has to lie under the altimeter&apos;s shots. Both the trajectory and the terrain from it gain several times in accuracy.</source>
        <translation>TIES, Zuordnungen zwischen den Bildern, machen aus der Bahn eine Bündelausgleichung: Strahlen eines Geländepunkts müssen sich treffen, und die Fläche, die sie aufspannen, muss unter den Messungen des Altimeters liegen. Bahn und Gelände daraus werden um ein Mehrfaches genauer.</translation>
    </message>
    <message>
        <source>A GCP&apos;s own altitude counts before the altimetry&apos;s. Give the sigma of longitudes and latitudes on the ground where you know it; 0 means exact.</source>
        <translation>Die eigene Höhe eines Passpunkts geht der Altimetrie vor. Geben Sie das Sigma von Länge und Breite am Boden an, wo Sie es kennen; 0 heißt genau.</translation>
    </message>
    <message>
        <source>CSV or layer with line, view, sample, lon, lat [, altitude, sigma_altitude, sigma_lateral]; lon and lat in degrees, the rest in metres.</source>
        <translation>CSV oder Layer mit line, view, sample, lon, lat [, altitude, sigma_altitude, sigma_lateral]; lon und lat in Grad, der Rest in Metern.</translation>
    </message>
    <message>
        <source>Method</source>
        <translation>Verfahren</translation>
    </message>
    <message>
        <source>How the lines are solved.</source>
        <translation>Wie die Zeilen gelöst werden.</translation>
    </message>
    <message>
        <source>Use certainty</source>
        <translation>Sicherheit nutzen</translation>
    </message>
    <message>
        <source>Weigh altitudes by their certainty (two_phase) or their sigma (trajectory).</source>
        <translation>Höhen nach ihrer Sicherheit gewichten (two_phase) oder nach ihrem Sigma (trajectory).</translation>
    </message>
    <message>
        <source>Lateral sigma</source>
        <translation>Sigma der Lage</translation>
    </message>
    <message>
        <source>Sigma of the GCPs&apos; longitude and latitude on the ground, one component. Left empty: estimated from the residuals. 0: exact.</source>
        <translation>Sigma von Länge und Breite der Passpunkte am Boden, je Komponente. Leer: aus den Residuen geschätzt. 0: genau.</translation>
    </message>
    <message>
        <source>Ties</source>
        <translation>Verknüpfungen</translation>
    </message>
    <message>
        <source>Match files of densematch between views of this sensor. With ALTIMETRY its raw shots then hold the surface that the ties span (trajectory only).</source>
        <translation>Zuordnungsdateien von densematch zwischen Bildern dieses Sensors. Mit ALTIMETRY halten dann deren rohe Messungen die Fläche, die die Verknüpfungen aufspannen (nur trajectory).</translation>
    </message>
    <message>
        <source>EOPs</source>
        <translation>Äußere Orientierung</translation>
    </message>
    <message>
        <source>Table with line, x, y, z (m), theta, phi, rho (rad), their sigmas, residual and flag.</source>
        <translation>Tabelle mit line, x, y, z (m), theta, phi, rho (rad), ihren Sigmas, Residuum und Kennzeichen.</translation>
    </message>
    <message>
        <source>CSM camera models</source>
        <translation>CSM-Kameramodelle</translation>
    </message>
    <message>
        <source>Folder for one community sensor model (CSM) state a view, for ISIS, the Ames Stereo Pipeline and others.</source>
        <translation>Ordner für einen Zustand des Community Sensor Model (CSM) je Blickrichtung, für ISIS, die Ames Stereo Pipeline und andere.</translation>
    </message>
    <message>
        <source>HTML: verdict, the six parameters with their sigma, residuals, GCPs over the certainty map.</source>
        <translation>HTML: Urteil, die sechs Parameter mit ihrem Sigma, Residuen, Passpunkte über der Sicherheitskarte.</translation>
    </message>
    <message>
        <source>Dense matching</source>
        <translation>Dichte Bildzuordnung</translation>
    </message>
    <message>
        <source>Finds for every pixel of image A where the same ground lies in image B, to a fraction of a pixel.</source>
        <translation>Findet für jedes Pixel von Bild A, wo derselbe Boden in Bild B liegt, auf einen Bruchteil eines Pixels.</translation>
    </message>
    <message>
        <source>SIFT features say how the images lie over each other (turned and scaled too); correlation from coarse to fine finds the place, and least squares of the whole field the fraction of a pixel, with as much smoothing as the images ask for, place by place. Every match is checked from B&apos;s side and carries its score and sigma; shadows, saturated pixels and nodata are left out.</source>
        <translation>SIFT-Merkmale sagen, wie die Bilder übereinanderliegen (auch gedreht und skaliert); Korrelation von grob nach fein findet den Ort und ein Ausgleich des ganzen Feldes den Bruchteil eines Pixels, so glatt, wie die Bilder es Ort für Ort verlangen. Jede Zuordnung wird von B aus geprüft und trägt ihre Güte und ihr Sigma; Schatten, gesättigte Pixel und Nodata bleiben weg.</translation>
    </message>
    <message>
        <source>With a third view of the same flight both are matched at once: relief moves a place in both by one height, so the three together know it better.</source>
        <translation>Mit einem dritten Bild desselben Flugs werden beide zugleich zugeordnet: Das Relief verschiebt einen Ort in beiden um eine Höhe, zu dritt ist sie also besser bekannt.</translation>
    </message>
    <message>
        <source>Image A</source>
        <translation>Bild A</translation>
    </message>
    <message>
        <source>The image on whose pixels the matches are given.</source>
        <translation>Das Bild, auf dessen Pixeln die Zuordnungen angegeben werden.</translation>
    </message>
    <message>
        <source>Image B</source>
        <translation>Bild B</translation>
    </message>
    <message>
        <source>The image to match with.</source>
        <translation>Das Bild, mit dem zugeordnet wird.</translation>
    </message>
    <message>
        <source>Image C</source>
        <translation>Bild C</translation>
    </message>
    <message>
        <source>A third view, matched with A together with B.</source>
        <translation>Ein drittes Bild, mit A zugleich mit B zugeordnet.</translation>
    </message>
    <message>
        <source>View of image A</source>
        <translation>Blickrichtung von Bild A</translation>
    </message>
    <message>
        <source>Name of A&apos;s view in the sensor; left empty, from the image&apos;s metadata or its file name.</source>
        <translation>Name der Blickrichtung von A im Sensor; leer: aus den Metadaten des Bildes oder seinem Dateinamen.</translation>
    </message>
    <message>
        <source>View of image B</source>
        <translation>Blickrichtung von Bild B</translation>
    </message>
    <message>
        <source>Name of B&apos;s view in the sensor; left empty, from the image&apos;s metadata or its file name.</source>
        <translation>Name der Blickrichtung von B im Sensor; leer: aus den Metadaten des Bildes oder seinem Dateinamen.</translation>
    </message>
    <message>
        <source>View of image C</source>
        <translation>Blickrichtung von Bild C</translation>
    </message>
    <message>
        <source>Name of C&apos;s view in the sensor; left empty, from the image&apos;s metadata or its file name.</source>
        <translation>Name der Blickrichtung von C im Sensor; leer: aus den Metadaten des Bildes oder seinem Dateinamen.</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>Side of the window in which grey is compared less its mean: smaller ones forgive more difference in lighting, larger ones more noise.</source>
        <translation>Seite des Fensters, in dem Grauwerte abzüglich ihres Mittels verglichen werden: kleinere verzeihen mehr Unterschied der Beleuchtung, größere mehr Rauschen.</translation>
    </message>
    <message>
        <source>pixels</source>
        <translation>Pixel</translation>
    </message>
    <message>
        <source>Least score</source>
        <translation>Geringste Güte</translation>
    </message>
    <message>
        <source>Matches that correlate less (NCC in that window) are left out.</source>
        <translation>Zuordnungen, die schwächer korrelieren (NCC in diesem Fenster), bleiben weg.</translation>
    </message>
    <message>
        <source>Matches</source>
        <translation>Zuordnungen</translation>
    </message>
    <message>
        <source>GeoTIFF on image A&apos;s grid: sample shift, line shift, score, sigma (of a component, and of each).</source>
        <translation>GeoTIFF auf dem Gitter von Bild A: Verschiebung in Spalte und Zeile, Güte, Sigma (einer Komponente, und beider einzeln).</translation>
    </message>
    <message>
        <source>Matches with C</source>
        <translation>Zuordnungen mit C</translation>
    </message>
    <message>
        <source>The same for image C.</source>
        <translation>Dasselbe für Bild C.</translation>
    </message>
    <message>
        <source>Matched</source>
        <translation>Zugeordnet</translation>
    </message>
    <message>
        <source>Share of image A&apos;s pixels that have a match, 0 to 1.</source>
        <translation>Anteil der Pixel von Bild A mit Zuordnung, 0 bis 1.</translation>
    </message>
    <message>
        <source>Sigma</source>
        <translation>Sigma</translation>
    </message>
    <message>
        <source>Median one-sigma of a match in pixels.</source>
        <translation>Median des Ein-Sigma-Fehlers einer Zuordnung in Pixeln.</translation>
    </message>
    <message>
        <source>Intersect matches</source>
        <translation>Zuordnungen schneiden</translation>
    </message>
    <message>
        <source>Turns matches between images of known orientation into ground points by least-squares intersection of their rays, with the sigma of every altitude and the distance by which the rays miss each other.</source>
        <translation>Macht aus Zuordnungen zwischen Bildern bekannter Orientierung Geländepunkte, durch Ausgleich des Schnitts ihrer Strahlen, mit dem Sigma jeder Höhe und dem Abstand, um den sich die Strahlen verfehlen.</translation>
    </message>
    <message>
        <source>Give several match files that share their first image and each point is intersected from all its rays. Matches whose rays miss each other by far more than usual are left out.</source>
        <translation>Geben Sie mehrere Zuordnungsdateien mit gemeinsamem ersten Bild an, so wird jeder Punkt aus allen seinen Strahlen geschnitten. Zuordnungen, deren Strahlen sich weit mehr als üblich verfehlen, bleiben weg.</translation>
    </message>
    <message>
        <source>One or more match files, as densematch writes them.</source>
        <translation>Eine oder mehrere Zuordnungsdateien, wie densematch sie schreibt.</translation>
    </message>
    <message>
        <source>Exterior orientation</source>
        <translation>Äußere Orientierung</translation>
    </message>
    <message>
        <source>EOP table: line, x, y, z (m), theta, phi, rho (rad), as recovereop writes it.</source>
        <translation>Tabelle der äußeren Orientierung: line, x, y, z (m), theta, phi, rho (rad), wie recovereop sie schreibt.</translation>
    </message>
    <message>
        <source>Camera models</source>
        <translation>Kameramodelle</translation>
    </message>
    <message>
        <source>Instead of sensor and EOPs: one camera file an image (CSM line-scan state, ISD, frame camera), named as the view or the image it belongs to.</source>
        <translation>Statt Sensor und Orientierung: eine Kameradatei je Bild (CSM-Zustand eines Zeilenscanners, ISD, Rahmenkamera), benannt wie die Blickrichtung oder das Bild, zu dem sie gehört.</translation>
    </message>
    <message>
        <source>Lowest altitude</source>
        <translation>Geringste Höhe</translation>
    </message>
    <message>
        <source>Points below are wrong matches and left out.</source>
        <translation>Punkte darunter sind falsche Zuordnungen und bleiben weg.</translation>
    </message>
    <message>
        <source>Highest altitude</source>
        <translation>Größte Höhe</translation>
    </message>
    <message>
        <source>Points above are wrong matches and left out.</source>
        <translation>Punkte darüber sind falsche Zuordnungen und bleiben weg.</translation>
    </message>
    <message>
        <source>Points</source>
        <translation>Punkte</translation>
    </message>
    <message>
        <source>CSV, LAS or LAZ with x, y, z, lon, lat, altitude, sigma and ray_miss.</source>
        <translation>CSV, LAS oder LAZ mit x, y, z, lon, lat, altitude, sigma und ray_miss.</translation>
    </message>
    <message>
        <source>Number of points</source>
        <translation>Anzahl der Punkte</translation>
    </message>
    <message>
        <source>How many points were written.</source>
        <translation>Wie viele Punkte geschrieben wurden.</translation>
    </message>
    <message>
        <source>Ray miss</source>
        <translation>Strahlabstand</translation>
    </message>
    <message>
        <source>RMS distance by which the rays of a point miss, m.</source>
        <translation>RMS des Abstands, um den sich die Strahlen eines Punkts verfehlen, m.</translation>
    </message>
    <message>
        <source>Points to DTM</source>
        <translation>Punkte zu DGM</translation>
    </message>
    <message>
        <source>Every height is carried to the middle of its cell along the local slope, so that slopes are not biased, and points that stand far off their neighbours are left out. Cells without points stay empty unless FILL is on; then holes inside the data get a height (count 0 and no sigma tell them apart).</source>
        <translation>Jede Höhe wird entlang der örtlichen Neigung zur Mitte ihrer Zelle getragen, damit Neigungen nicht verfälscht werden, und Punkte, die weit von ihren Nachbarn stehen, bleiben weg. Zellen ohne Punkte bleiben leer, außer FILL ist an; dann bekommen Lücken innerhalb der Daten eine Höhe (Anzahl 0 und kein Sigma unterscheiden sie).</translation>
    </message>
    <message>
        <source>CSV, LAS or LAZ file with lon, lat and altitude, or a point layer.</source>
        <translation>Datei CSV, LAS oder LAZ mit lon, lat und altitude, oder ein Punktlayer.</translation>
    </message>
    <message>
        <source>Ground size of a pixel. Left empty: one and a half times the distance between points, coarsened until the longer side has at most 4096 pixels.</source>
        <translation>Größe eines Pixels am Boden. Leer: das Anderthalbfache des Punktabstands, vergröbert, bis die längere Seite höchstens 4096 Pixel hat.</translation>
    </message>
    <message>
        <source>CRS of the DTM, of the same body. Left empty: longitude and latitude, or polar stereographic beyond 75° of latitude.</source>
        <translation>KBS des DGM, desselben Körpers. Leer: Länge und Breite, oder polar-stereographisch jenseits von 75° Breite.</translation>
    </message>
    <message>
        <source>Fill holes</source>
        <translation>Lücken füllen</translation>
    </message>
    <message>
        <source>Fill holes that lie wholly inside the data.</source>
        <translation>Lücken füllen, die ganz innerhalb der Daten liegen.</translation>
    </message>
    <message>
        <source>Footprints</source>
        <translation>Bildumrisse</translation>
    </message>
    <message>
        <source>Draws where each image of known orientation lies on the ground: one polygon an image, cut at the 180° meridian, with the ground size of a pixel and the area. Give a DEM where relief matters; otherwise the sphere counts.</source>
        <translation>Zeichnet, wo jedes Bild bekannter Orientierung am Boden liegt: ein Polygon je Bild, am 180°-Meridian geschnitten, mit der Größe eines Pixels am Boden und der Fläche. Geben Sie ein DHM an, wo das Relief zählt; sonst gilt die Kugel.</translation>
    </message>
    <message>
        <source>Polygon layer (GeoPackage).</source>
        <translation>Polygonlayer (GeoPackage).</translation>
    </message>
    <message>
        <source>DTM from stereo images</source>
        <translation>DGM aus Stereobildern</translation>
    </message>
    <message>
        <source>Makes a DTM from two or more overlapping images in one go: orientation, dense matching, intersection, gridding and levelling, with a report on the quality of all of them.</source>
        <translation>Macht ein DGM aus zwei oder mehr überlappenden Bildern in einem Zug: Orientierung, dichte Bildzuordnung, Schnitt, Rasterung und Einpassen, mit einem Bericht über die Güte von allem.</translation>
    </message>
    <message>
        <source>Where the images were taken from is told by SENSOR with EOPS, by SENSOR with GCPS (the orientation is then recovered first, with ALTIMETRY for the altitudes that the GCPs lack), or by CAMERAS. The image that looks from between the others is matched with each of them.</source>
        <translation>Von wo die Bilder aufgenommen wurden, sagt SENSOR mit EOPS, SENSOR mit GCPS (die Orientierung wird dann zuerst bestimmt, mit ALTIMETRY für die Höhen, die den Passpunkten fehlen) oder CAMERAS. Das Bild, das von zwischen den anderen blickt, wird mit jedem von ihnen zugeordnet.</translation>
    </message>
    <message>
        <source>With ALTIMETRY or a REFERENCE_DEM the DTM is moved onto it as a whole, by a shift in three dimensions and a tilt; it is never scaled. Lines that the orientation does not cover give no terrain, and a warning says so.</source>
        <translation>Mit ALTIMETRY oder einem REFERENCE_DEM wird das DGM als Ganzes darauf bewegt, durch eine Verschiebung in drei Dimensionen und eine Neigung; skaliert wird es nie. Zeilen, die die Orientierung nicht deckt, geben kein Gelände, und eine Warnung sagt es.</translation>
    </message>
    <message>
        <source>Two or more images of the same ground, of the whole sensor.</source>
        <translation>Zwei oder mehr Bilder desselben Bodens, des ganzen Sensors.</translation>
    </message>
    <message>
        <source>Names of the images&apos; views or cameras, in the order of the images, with commas between; left empty, from the images&apos; metadata or their file names.</source>
        <translation>Namen der Blickrichtungen oder Kameras der Bilder, in der Reihenfolge der Bilder, mit Kommas dazwischen; leer: aus den Metadaten der Bilder oder ihren Dateinamen.</translation>
    </message>
    <message>
        <source>Instead of EOPs: ground control points from which they are recovered, as recovereop takes them.</source>
        <translation>Statt der Orientierung: Passpunkte, aus denen sie bestimmt wird, wie recovereop sie nimmt.</translation>
    </message>
    <message>
        <source>Level</source>
        <translation>Einpassen</translation>
    </message>
    <message>
        <source>Move the DTM onto ALTIMETRY or REFERENCE_DEM, never scaling it.</source>
        <translation>Das DGM auf ALTIMETRY oder REFERENCE_DEM bewegen, ohne es je zu skalieren.</translation>
    </message>
    <message>
        <source>Use matches as ties</source>
        <translation>Zuordnungen als Verknüpfungen nutzen</translation>
    </message>
    <message>
        <source>With GCPS: let the matches join the views while the trajectory is recovered (bundle adjustment), and ALTIMETRY&apos;s shots hold the surface they span.</source>
        <translation>Mit GCPS: Die Zuordnungen verbinden die Bilder, während die Bahn bestimmt wird (Bündelausgleichung), und die Messungen von ALTIMETRY halten die Fläche, die sie aufspannen.</translation>
    </message>
    <message>
        <source>The exterior orientation recovered from the GCPs.</source>
        <translation>Die äußere Orientierung, aus den Passpunkten bestimmt.</translation>
    </message>
    <message>
        <source>The ground points, before gridding and levelling: LAS, LAZ or CSV.</source>
        <translation>Die Geländepunkte vor Rasterung und Einpassen: LAS, LAZ oder CSV.</translation>
    </message>
    <message>
        <source>HTML on the quality of every stage, with maps and figures.</source>
        <translation>HTML über die Güte jedes Schritts, mit Karten und Abbildungen.</translation>
    </message>
    <message>
        <source>How many ground points the DTM is made of.</source>
        <translation>Aus wie vielen Geländepunkten das DGM gemacht ist.</translation>
    </message>
    <message>
        <source>Covered</source>
        <translation>Bedeckt</translation>
    </message>
    <message>
        <source>Share of the DTM&apos;s cells that have a height, 0 to 1.</source>
        <translation>Anteil der Zellen des DGM mit Höhe, 0 bis 1.</translation>
    </message>
    <message>
        <source>Orthoimage</source>
        <translation>Orthobild</translation>
    </message>
    <message>
        <source>Puts an image of known orientation on the map: every pixel of the map shows the grey of the ground that lies there, with the displacement by relief taken out.</source>
        <translation>Bringt ein Bild bekannter Orientierung auf die Karte: Jedes Pixel der Karte zeigt den Grauwert des Bodens, der dort liegt; die Verschiebung durch das Relief ist herausgenommen.</translation>
    </message>
    <message>
        <source>The map has the DTM&apos;s grid, or the pixel size, CRS and extent you choose. Without a DTM the body&apos;s sphere or ellipsoid is taken. Ground hidden behind terrain stays empty, as does ground the image or the DTM does not cover.</source>
        <translation>Die Karte hat das Gitter des DGM, oder die Pixelgröße, das KBS und die Ausdehnung, die Sie wählen. Ohne DGM gilt die Kugel oder das Ellipsoid des Körpers. Boden, den Gelände verdeckt, bleibt leer, wie Boden, den das Bild oder das DGM nicht deckt.</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>The image to put on the map, of the whole sensor.</source>
        <translation>Das Bild, das auf die Karte kommt, des ganzen Sensors.</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Blickrichtung</translation>
    </message>
    <message>
        <source>Name of the image&apos;s view or camera; left empty, from the image&apos;s metadata or its file name.</source>
        <translation>Name der Blickrichtung oder Kamera des Bildes; leer: aus den Metadaten des Bildes oder seinem Dateinamen.</translation>
    </message>
    <message>
        <source>Ground size of a pixel of the map; left empty, the DTM&apos;s, or the image&apos;s where there is none.</source>
        <translation>Größe eines Pixels der Karte am Boden; leer: die des DGM, oder die des Bildes, wo keines ist.</translation>
    </message>
    <message>
        <source>CRS of the map, of the same body; left empty, the DTM&apos;s.</source>
        <translation>KBS der Karte, desselben Körpers; leer: das des DGM.</translation>
    </message>
    <message>
        <source>Resampling</source>
        <translation>Interpolation</translation>
    </message>
    <message>
        <source>How greys are interpolated: bilinear, or cubic (sharper, may overshoot at edges).</source>
        <translation>Wie Grauwerte interpoliert werden: bilinear oder kubisch (schärfer, kann an Kanten überschwingen).</translation>
    </message>
    <message>
        <source>Leave out hidden ground</source>
        <translation>Verdeckten Boden weglassen</translation>
    </message>
    <message>
        <source>Follow every line of sight back to the camera and leave out ground that terrain hides.</source>
        <translation>Jede Sichtlinie zur Kamera zurückverfolgen und Boden weglassen, den Gelände verdeckt.</translation>
    </message>
    <message>
        <source>GeoTIFF of the grey on the map.</source>
        <translation>GeoTIFF der Grauwerte auf der Karte.</translation>
    </message>
    <message>
        <source>Seen</source>
        <translation>Gesehen</translation>
    </message>
    <message>
        <source>Share of the map&apos;s pixels that show the image, 0 to 1.</source>
        <translation>Anteil der Pixel der Karte, die das Bild zeigen, 0 bis 1.</translation>
    </message>
    <message>
        <source>Hidden</source>
        <translation>Verdeckt</translation>
    </message>
    <message>
        <source>Number of the map&apos;s pixels that terrain hides.</source>
        <translation>Anzahl der Pixel der Karte, die Gelände verdeckt.</translation>
    </message>
    <message>
        <source>Make training pairs</source>
        <translation>Trainingspaare machen</translation>
    </message>
    <message>
        <source>Learned terrain</source>
        <translation>Gelerntes Gelände</translation>
    </message>
    <message>
        <source>One band of grey; pairs are cut on its grid. Empty: the DEM is rendered.</source>
        <translation>Ein graues Band; auf seinem Gitter werden Paare geschnitten. Leer: Das DHM wird gerechnet.</translation>
    </message>
    <message>
        <source>Heights in metres under the image; several DEMs where they are rendered.</source>
        <translation>Höhen in Metern unter dem Bild; mehrere DHM, wo sie gerechnet werden.</translation>
    </message>
    <message>
        <source>Ground size of a tile&apos;s pixel; empty: that of the layer.</source>
        <translation>Größe eines Pixels einer Kachel am Boden; leer: die des Layers.</translation>
    </message>
    <message>
        <source>Tiles to draw</source>
        <translation>Gezogene Kacheln</translation>
    </message>
    <message>
        <source>Number of tiles drawn, before any is dropped.</source>
        <translation>Anzahl der gezogenen Kacheln, bevor welche wegfallen.</translation>
    </message>
    <message>
        <source>Tile side</source>
        <translation>Kachelseite</translation>
    </message>
    <message>
        <source>Width and height of a tile.</source>
        <translation>Breite und Höhe einer Kachel.</translation>
    </message>
    <message>
        <source>Share held out</source>
        <translation>Zurückgehaltener Anteil</translation>
    </message>
    <message>
        <source>Part of every layer, at its eastern or southern end, that is kept from training.</source>
        <translation>Teil jedes Layers, an seinem östlichen oder südlichen Ende, der dem Training vorenthalten wird.</translation>
    </message>
    <message>
        <source>The same seed draws the same tiles, byte for byte.</source>
        <translation>Dieselbe Startzahl zieht dieselben Kacheln, Byte für Byte.</translation>
    </message>
    <message>
        <source>Largest black region</source>
        <translation>Größtes schwarzes Gebiet</translation>
    </message>
    <message>
        <source>Tiles with a larger connected region of pure black (value 0 or nodata) are dropped.</source>
        <translation>Kacheln mit einem größeren zusammenhängenden rein schwarzen Gebiet (Wert 0 oder Nodata) fallen weg.</translation>
    </message>
    <message>
        <source>% of the tile</source>
        <translation>% der Kachel</translation>
    </message>
    <message>
        <source>Largest similarity</source>
        <translation>Größte Ähnlichkeit</translation>
    </message>
    <message>
        <source>Tiles more similar than this to one already kept are dropped: structural similarity (SSIM) of the tiles reduced to 32 x 32 pixels.</source>
        <translation>Kacheln, die einer behaltenen ähnlicher sind, fallen weg: strukturelle Ähnlichkeit (SSIM) der auf 32 x 32 Pixel verkleinerten Kacheln.</translation>
    </message>
    <message>
        <source>%</source>
        <translation>%</translation>
    </message>
    <message>
        <source>Height scale</source>
        <translation>Höhenmaßstab</translation>
    </message>
    <message>
        <source>Heights above each tile&apos;s minimum that stand for full scale in the whole set; 0: the largest relief among the tiles.</source>
        <translation>Höhe über dem Minimum jeder Kachel, die im ganzen Satz für Vollausschlag steht; 0: das größte Relief unter den Kacheln.</translation>
    </message>
    <message>
        <source>Ground left out</source>
        <translation>Ausgesparter Boden</translation>
    </message>
    <message>
        <source>Boxes never drawn from: west south east north in degrees, several separated by semicolons.</source>
        <translation>Rechtecke, aus denen nie gezogen wird: West Süd Ost Nord in Grad, mehrere mit Strichpunkten getrennt.</translation>
    </message>
    <message>
        <source>Direction towards the sun of the whole image, clockwise from north, where known; goes into the model card.</source>
        <translation>Richtung zur Sonne des ganzen Bildes, im Uhrzeigersinn von Norden, wo bekannt; kommt auf die Modellkarte.</translation>
    </message>
    <message>
        <source>Folder of pairs</source>
        <translation>Ordner der Paare</translation>
    </message>
    <message>
        <source>Folder for the tiles, manifest.csv and manifest.json.</source>
        <translation>Ordner für die Kacheln, manifest.csv und manifest.json.</translation>
    </message>
    <message>
        <source>Number of tiles kept.</source>
        <translation>Anzahl der behaltenen Kacheln.</translation>
    </message>
    <message>
        <source>Rejected</source>
        <translation>Verworfen</translation>
    </message>
    <message>
        <source>Number of tiles dropped.</source>
        <translation>Anzahl der weggefallenen Kacheln.</translation>
    </message>
    <message>
        <source>Train model</source>
        <translation>Modell trainieren</translation>
    </message>
    <message>
        <source>Pairs</source>
        <translation>Paare</translation>
    </message>
    <message>
        <source>Folder of pairs with its manifest, or of DEMs in degrees to render.</source>
        <translation>Ordner von Paaren mit seinem Verzeichnis, oder von DHM in Grad, die gerechnet werden.</translation>
    </message>
    <message>
        <source>Architecture</source>
        <translation>Architektur</translation>
    </message>
    <message>
        <source>unet: ours, no seams, small. pix2pixcc: as published.</source>
        <translation>unet: unsere, ohne Nähte, klein. pix2pixcc: wie veröffentlicht.</translation>
    </message>
    <message>
        <source>Epochs</source>
        <translation>Epochen</translation>
    </message>
    <message>
        <source>How often every pair is seen; of rendered DEMs an epoch is 1,800 pictures.</source>
        <translation>Wie oft jedes Paar gesehen wird; bei gerechneten DHM ist eine Epoche 1.800 Bilder.</translation>
    </message>
    <message>
        <source>Crop side</source>
        <translation>Ausschnittseite</translation>
    </message>
    <message>
        <source>Side of the parts trained on; 0: the whole tile, 256 of rendered DEMs.</source>
        <translation>Seite der Teile, an denen trainiert wird; 0: die ganze Kachel, 256 bei gerechneten DHM.</translation>
    </message>
    <message>
        <source>Batch</source>
        <translation>Stapel</translation>
    </message>
    <message>
        <source>Pictures of a step, over all processes (as published: 1).</source>
        <translation>Bilder eines Schritts, über alle Prozesse (wie veröffentlicht: 1).</translation>
    </message>
    <message>
        <source>Channels of Pix2PixCC</source>
        <translation>Kanäle von Pix2PixCC</translation>
    </message>
    <message>
        <source>Of its first layer; published: 64.</source>
        <translation>Seiner ersten Schicht; veröffentlicht: 64.</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>Lernrate</translation>
    </message>
    <message>
        <source>Empty: that of the architecture.</source>
        <translation>Leer: die der Architektur.</translation>
    </message>
    <message>
        <source>Precision</source>
        <translation>Genauigkeit</translation>
    </message>
    <message>
        <source>Checkpoint every</source>
        <translation>Zwischenstand alle</translation>
    </message>
    <message>
        <source>Steps between checkpoints.</source>
        <translation>Schritte zwischen Zwischenständen.</translation>
    </message>
    <message>
        <source>Rendering processes</source>
        <translation>Rechenprozesse</translation>
    </message>
    <message>
        <source>Beside the one that trains; 0: that one renders.</source>
        <translation>Neben dem, der trainiert; 0: Dieser rechnet auch die Bilder.</translation>
    </message>
    <message>
        <source>The same seed on the same machine trains the same.</source>
        <translation>Dieselbe Startzahl auf demselben Rechner trainiert dasselbe.</translation>
    </message>
    <message>
        <source>Resume from</source>
        <translation>Weiter von</translation>
    </message>
    <message>
        <source>checkpoint.pt of an earlier training with the same parameters (EPOCHS may differ).</source>
        <translation>checkpoint.pt eines früheren Trainings mit denselben Parametern (EPOCHS darf abweichen).</translation>
    </message>
    <message>
        <source>Model file with its card; checkpoint and log go into a folder beside it that ends in .training.</source>
        <translation>Modelldatei mit ihrer Karte; Zwischenstand und Protokoll kommen in einen Ordner daneben, der auf .training endet.</translation>
    </message>
    <message>
        <source>HTML page with loss curve, samples and scores, renewed with every checkpoint and kept when training is stopped.</source>
        <translation>HTML-Seite mit Verlustkurve, Beispielen und Werten, mit jedem Zwischenstand erneuert; bleibt stehen, wenn das Training angehalten wird.</translation>
    </message>
    <message>
        <source>Loss</source>
        <translation>Verlust</translation>
    </message>
    <message>
        <source>Its last running mean.</source>
        <translation>Sein letzter laufender Mittelwert.</translation>
    </message>
    <message>
        <source>Median correlation of plane-free heights on held-out ground.</source>
        <translation>Median der Korrelation von Höhen ohne Ebene auf zurückgehaltenem Boden.</translation>
    </message>
    <message>
        <source>Evaluate model</source>
        <translation>Modell bewerten</translation>
    </message>
    <message>
        <source>Judges an image-to-height model on the tiles of a pair folder that were held out from training: heights, slopes, aspects, correlations at several resolutions, spectrum and sign, with median and spread over the tiles.</source>
        <translation>Beurteilt ein Modell von Bild zu Höhe an den Kacheln eines Paarordners, die dem Training vorenthalten waren: Höhen, Neigungen, Hangrichtungen, Korrelationen in mehreren Auflösungen, Spektrum und Vorzeichen, mit Median und Streuung über die Kacheln.</translation>
    </message>
    <message>
        <source>Beside the model stand a flat plane, simulated altimeter tracks alone (the best of four interpolators), the model levelled to these tracks, a constant image levelled to them, and shape from shading where the sun is known. The numbers returned are the model&apos;s alone, each tile&apos;s mean height taken away.</source>
        <translation>Neben dem Modell stehen eine flache Ebene, simulierte Altimeterbahnen allein (die beste von vier Interpolationen), das an diese Bahnen eingepasste Modell, ein an sie eingepasstes konstantes Bild und Form aus Schattierung, wo die Sonne bekannt ist. Die zurückgegebenen Zahlen sind die des Modells allein, ohne die mittlere Höhe jeder Kachel.</translation>
    </message>
    <message>
        <source>Folder written by trainingpairs; its files are checked first.</source>
        <translation>Von trainingpairs geschriebener Ordner; seine Dateien werden zuerst geprüft.</translation>
    </message>
    <message>
        <source>Most tiles</source>
        <translation>Höchstens Kacheln</translation>
    </message>
    <message>
        <source>At most so many tiles are judged, held-out ones.</source>
        <translation>Höchstens so viele Kacheln werden beurteilt, zurückgehaltene.</translation>
    </message>
    <message>
        <source>Simulated tracks over each tile, for levelling; 0 for none.</source>
        <translation>Simulierte Bahnen über jeder Kachel zum Einpassen; 0 für keine.</translation>
    </message>
    <message>
        <source>Angle of the sun from the zenith in all tiles, for shape from shading; left empty, that is not run.</source>
        <translation>Winkel der Sonne vom Zenit in allen Kacheln, für Form aus Schattierung; leer: Diese wird nicht gerechnet.</translation>
    </message>
    <message>
        <source>HTML page with all scores and pictures of prediction, truth and difference.</source>
        <translation>HTML-Seite mit allen Werten und Bildern von Vorhersage, Wahrheit und Differenz.</translation>
    </message>
    <message>
        <source>Mean difference in metres (0: means are taken away).</source>
        <translation>Mittlere Differenz in Metern (0: Mittelwerte sind abgezogen).</translation>
    </message>
    <message>
        <source>Root mean square difference over all tiles, metres.</source>
        <translation>Quadratisches Mittel der Differenz über alle Kacheln, Meter.</translation>
    </message>
    <message>
        <source>1.4826 times the median absolute deviation, median tile, metres.</source>
        <translation>1,4826-mal der Median der absoluten Abweichung, mittlere Kachel, Meter.</translation>
    </message>
    <message>
        <source>90th percentile of the absolute difference, median tile, metres.</source>
        <translation>90. Perzentil der absoluten Differenz, mittlere Kachel, Meter.</translation>
    </message>
    <message>
        <source>Pearson correlation of the heights, median tile.</source>
        <translation>Korrelation der Höhen nach Pearson, mittlere Kachel.</translation>
    </message>
    <message>
        <source>Number of pixels compared.</source>
        <translation>Anzahl der verglichenen Pixel.</translation>
    </message>
    <message>
        <source>Finished blocks are kept beside the output (OUTPUT.parts) until all are done: a run that was stopped, killed or cancelled goes on with what is missing when it is started again with the same parameters. What every block cost is listed beside the output in the end (OUTPUT.manifest.jsonl).</source>
        <translation>Fertige Blöcke bleiben neben dem Ergebnis (OUTPUT.parts), bis alle gemacht sind: Ein angehaltener, beendeter oder abgebrochener Lauf macht mit dem weiter, was fehlt, wenn er mit denselben Parametern neu gestartet wird. Was jeder Block gekostet hat, steht am Ende neben dem Ergebnis (OUTPUT.manifest.jsonl).</translation>
    </message>
    <message>
        <source>Workers on this machine need dask[distributed]; where bokeh is installed too, Dask&apos;s dashboard shows the work. For several machines start a scheduler (dask scheduler) and workers (dask worker), and give its address.</source>
        <translation>Arbeitsprozesse auf diesem Rechner brauchen dask[distributed]; wo auch bokeh installiert ist, zeigt Dasks Übersicht die Arbeit. Für mehrere Rechner starten Sie einen Scheduler (dask scheduler) und Arbeitsprozesse (dask worker) und geben seine Adresse an.</translation>
    </message>
    <message>
        <source>Refine camera models</source>
        <translation>Kameramodelle verfeinern</translation>
    </message>
    <message>
        <source>Improves known camera models of line scanners (CSM states or ISDs, as of LROC NAC or CTX) without control of their own: the rays of tie points have to meet, and the surface they span has to lie under the altimeter&apos;s shots. Ground control points count where you have them.</source>
        <translation>Verbessert bekannte Kameramodelle von Zeilenscannern (CSM-Zustände oder ISDs, etwa von LROC NAC oder CTX) ohne eigene Passpunkte: Die Strahlen von Verknüpfungspunkten müssen sich treffen, und die Fläche, die sie aufspannen, muss unter den Messungen des Altimeters liegen. Passpunkte zählen, wo Sie welche haben.</translation>
    </message>
    <message>
        <source>One line of detectors cannot tell a shift along the track from pitch, nor one across from roll. The models are therefore held by the sigmas you state, and the report says for every component whether the data recovered it or the nominal value stays. Jitter of the attitude is found where ties and shots show it.</source>
        <translation>Eine Zeile von Detektoren kann eine Verschiebung längs der Bahn nicht vom Nicken unterscheiden, eine quer dazu nicht vom Rollen. Die Modelle werden darum von den Sigmas gehalten, die Sie angeben, und der Bericht sagt für jede Komponente, ob die Daten sie bestimmt haben oder der nominelle Wert bleibt. Zittern der Lage wird gefunden, wo Verknüpfungen und Messungen es zeigen.</translation>
    </message>
    <message>
        <source>A surface that lies up to three position sigmas aside is looked for first; give ties that are dense about the shots: relief that ties are too sparse to show makes heights, and the distance of the camera, too small.</source>
        <translation>Eine Fläche, die bis zu drei Sigmas des Ortes daneben liegt, wird zuerst gesucht; geben Sie Verknüpfungen an, die um die Messungen dicht sind: Relief, das zu spärliche Verknüpfungen nicht zeigen, macht Höhen und den Abstand der Kamera zu klein.</translation>
    </message>
    <message>
        <source>One camera file an image (CSM line-scan state or ISD), named as the image it belongs to.</source>
        <translation>Eine Kameradatei je Bild (CSM-Zustand eines Zeilenscanners oder ISD), benannt wie das Bild, zu dem sie gehört.</translation>
    </message>
    <message>
        <source>Match files of densematch between the images, or tables with image_a, line_a, sample_a, image_b, line_b, sample_b [, sigma in pixels].</source>
        <translation>Zuordnungsdateien von densematch zwischen den Bildern, oder Tabellen mit image_a, line_a, sample_a, image_b, line_b, sample_b [, sigma in Pixeln].</translation>
    </message>
    <message>
        <source>CSV or layer with view (the image&apos;s name), line, sample, lon, lat [, altitude, sigma_altitude, sigma_lateral]; lon and lat in degrees, the rest in metres.</source>
        <translation>CSV oder Layer mit view (Name des Bildes), line, sample, lon, lat [, altitude, sigma_altitude, sigma_lateral]; lon und lat in Grad, der Rest in Metern.</translation>
    </message>
    <message>
        <source>Position sigma</source>
        <translation>Sigma des Ortes</translation>
    </message>
    <message>
        <source>By how much the models&apos; positions may be wrong, each component.</source>
        <translation>Um wie viel die Orte der Modelle falsch sein können, je Komponente.</translation>
    </message>
    <message>
        <source>Attitude sigma</source>
        <translation>Sigma der Ausrichtung</translation>
    </message>
    <message>
        <source>By how much the models&apos; attitudes may slowly be wrong, each component.</source>
        <translation>Um wie viel die Ausrichtungen der Modelle langsam veränderlich falsch sein können, je Komponente.</translation>
    </message>
    <message>
        <source>Sigma of the GCPs&apos; longitude and latitude on the ground, one component; left empty, the table&apos;s, or 10 m.</source>
        <translation>Sigma von Länge und Breite der Passpunkte am Boden, je Komponente; leer: das der Tabelle, sonst 10 m.</translation>
    </message>
    <message>
        <source>Refined models</source>
        <translation>Verfeinerte Modelle</translation>
    </message>
    <message>
        <source>Folder for a CSM state and a table of orientation with sigmas for every image.</source>
        <translation>Ordner für einen CSM-Zustand und eine Tabelle der Orientierung mit Sigmas je Bild.</translation>
    </message>
    <message>
        <source>HTML: what is recovered and what is not, fits, corrections with error bands.</source>
        <translation>HTML: was bestimmt ist und was nicht, Anpassung, Korrekturen mit Fehlerbändern.</translation>
    </message>
    <message>
        <source>DTM from orbits</source>
        <translation>DGM aus Umläufen</translation>
    </message>
    <message>
        <source>Runs the stereo chain (see DTM from stereo images) over many orbits or long ones, in several processes, here or on a Dask cluster, in bounded memory, and merges the DTMs of all orbits to one.</source>
        <translation>Führt die Stereokette (siehe DGM aus Stereobildern) über viele oder lange Umläufe aus, in mehreren Prozessen, hier oder auf einem Dask-Cluster, mit begrenztem Speicher, und vereint die DGM aller Umläufe zu einem.</translation>
    </message>
    <message>
        <source>Long orbits are oriented as a whole and cut into segments that overlap. Where several orbits saw the same ground their heights are averaged by inverse variance, and the report tells how far they stand apart (crossover residuals), in metres and in the sigmas they claim.</source>
        <translation>Lange Umläufe werden als Ganzes orientiert und in überlappende Abschnitte geschnitten. Wo mehrere Umläufe denselben Boden sahen, werden ihre Höhen mit inverser Varianz gemittelt, und der Bericht sagt, wie weit sie auseinanderliegen (Kreuzungsresiduen), in Metern und in den Sigmas, die sie angeben.</translation>
    </message>
    <message>
        <source>Finished segments are kept beside the output (OUTPUT.parts) until all are done: a run that was stopped, killed or cancelled goes on with what is missing when it is started again; orbits may be added. An orbit that gives no terrain is told and does not stop the others.</source>
        <translation>Fertige Abschnitte bleiben neben dem Ergebnis (OUTPUT.parts), bis alle gemacht sind: Ein angehaltener, beendeter oder abgebrochener Lauf macht mit dem weiter, was fehlt, wenn er neu gestartet wird; Umläufe dürfen dazukommen. Ein Umlauf, der kein Gelände gibt, wird gemeldet und hält die anderen nicht auf.</translation>
    </message>
    <message>
        <source>Orbits (table)</source>
        <translation>Umläufe (Tabelle)</translation>
    </message>
    <message>
        <source>Table with one row an orbit: name, images (with ; between), sensor, gcps or eops, and where known views and altimetry; paths from the table&apos;s folder.</source>
        <translation>Tabelle mit einer Zeile je Umlauf: name, images (mit ; dazwischen), sensor, gcps oder eops, und wo bekannt views und altimetry; Pfade vom Ordner der Tabelle aus.</translation>
    </message>
    <message>
        <source>Orbits (folder)</source>
        <translation>Umläufe (Ordner)</translation>
    </message>
    <message>
        <source>Instead of a table: a folder with one folder an orbit, each with sensor.json, gcps.csv or eops.csv, one image a view (VIEW.tif) and perhaps altimetry.csv, as Simulate push-broom scene writes them.</source>
        <translation>Statt einer Tabelle: ein Ordner mit einem Ordner je Umlauf, jeder mit sensor.json, gcps.csv oder eops.csv, einem Bild je Blickrichtung (VIEW.tif) und vielleicht altimetry.csv, wie Push-Broom-Szene simulieren sie schreibt.</translation>
    </message>
    <message>
        <source>Laser shots for the orbits that name none of their own.</source>
        <translation>Lasermessungen für die Umläufe, die keine eigenen nennen.</translation>
    </message>
    <message>
        <source>Move the DTM of every segment onto ALTIMETRY or REFERENCE_DEM, never scaling it.</source>
        <translation>Das DGM jedes Abschnitts auf ALTIMETRY oder REFERENCE_DEM bewegen, ohne es je zu skalieren.</translation>
    </message>
    <message>
        <source>Ground size of a pixel. Left empty: 1.5 image pixels of the first orbit.</source>
        <translation>Größe eines Pixels am Boden. Leer: 1,5 Bildpixel des ersten Umlaufs.</translation>
    </message>
    <message>
        <source>CRS of the DTM. Left empty: longitude and latitude, or polar stereographic where the first orbit goes beyond 75° of latitude.</source>
        <translation>KBS des DGM. Leer: Länge und Breite, oder polar-stereographisch, wo der erste Umlauf über 75° Breite hinausgeht.</translation>
    </message>
    <message>
        <source>Lines of a segment</source>
        <translation>Zeilen eines Abschnitts</translation>
    </message>
    <message>
        <source>Longer orbits are cut into segments of about so many lines, shorter where MEMORY does not hold them.</source>
        <translation>Längere Umläufe werden in Abschnitte von etwa so vielen Zeilen geschnitten, kürzere, wo MEMORY sie nicht fasst.</translation>
    </message>
    <message>
        <source>Overlap of segments</source>
        <translation>Überlappung der Abschnitte</translation>
    </message>
    <message>
        <source>Lines that a segment reaches into the next; what the views need to see the same ground comes on top.</source>
        <translation>Zeilen, die ein Abschnitt in den nächsten reicht; was die Blickrichtungen brauchen, um denselben Boden zu sehen, kommt dazu.</translation>
    </message>
    <message>
        <source>With GCPS: let the matches join the views while the trajectory is recovered (bundle adjustment), and ALTIMETRY&apos;s shots hold the surface they span. Orbits that are cut are oriented without.</source>
        <translation>Mit GCPS: Die Zuordnungen verbinden die Bilder, während die Bahn bestimmt wird (Bündelausgleichung), und die Messungen von ALTIMETRY halten die Fläche, die sie aufspannen. Umläufe, die geschnitten werden, werden ohne sie orientiert.</translation>
    </message>
    <message>
        <source>HTML with the crossover residuals of all pairs of orbits, and what every segment cost.</source>
        <translation>HTML mit den Kreuzungsresiduen aller Paare von Umläufen, und was jeder Abschnitt gekostet hat.</translation>
    </message>
    <message>
        <source>Crossover NMAD</source>
        <translation>NMAD der Kreuzungen</translation>
    </message>
    <message>
        <source>Robust spread of the height differences where orbits overlap, m.</source>
        <translation>Robuste Streuung der Höhenunterschiede, wo Umläufe sich überlappen, m.</translation>
    </message>
    <message>
        <source>Samples</source>
        <translation>Spalten</translation>
    </message>
    <message>
        <source>Number of image columns, of the middle of the sensor: narrow scenes are made sooner. Left empty, all.</source>
        <translation>Anzahl der Bildspalten, aus der Mitte des Sensors: Schmale Szenen sind schneller gemacht. Leer: alle.</translation>
    </message>
    <message>
        <source>With EOPS: matches that lie off their epipolar line, where relief cannot move them, are left out. Sensor file (JSON), or the name of one that ships: ce1, ce2, ce2_paper.</source>
        <translation>Mit EOPS: Zuordnungen neben ihrer Epipolarlinie, wohin kein Relief sie schieben kann, werden weggelassen. Sensordatei (JSON) oder der Name einer mitgelieferten: ce1, ce2, ce2_paper.</translation>
    </message>
    <message>
        <source>Direction the light comes from, clockwise from the map&apos;s top, as QGIS&apos;s hillshade has it.</source>
        <translation>Richtung, aus der das Licht kommt, im Uhrzeigersinn vom oberen Kartenrand, wie bei QGIS' Schummerung.</translation>
    </message>
    <message>
        <source>Terrain from a DEM</source>
        <translation>Gelände aus einem DHM</translation>
    </message>
    <message>
        <source>A DEM layer in longitude, latitude without holes, in place of TERRAIN.</source>
        <translation>Ein DHM-Layer in Länge und Breite ohne Lücken, anstelle von TERRAIN.</translation>
    </message>
    <message>
        <source>Give altimetry (laser shots as points or CSV) or a coarse reference DEM and the result is in metres above their datum, with a second band of its one-sigma error. Without either the result is a relative height: its shape can be trusted, its scale and long waves cannot, and it carries no unit.</source>
        <translation>Geben Sie Altimetrie (Laserpunkte als Punktlayer oder CSV) oder ein grobes Referenz-DHM an, so ist das Ergebnis in Metern über deren Datum, mit einem zweiten Band für den Ein-Sigma-Fehler. Ohne beides ist das Ergebnis eine relative Höhe: Ihrer Form ist zu trauen, ihrem Maßstab und ihren langen Wellen nicht, und sie trägt keine Einheit.</translation>
    </message>
    <message>
        <source>A DEM to level to, coarser than the image, in metres (for example GLD100 or MOLA): heights above a sphere, an ellipsoid or the areoid, or distances from the body&apos;s centre. The result counts from the areoid where the DEM does.</source>
        <translation>Ein DHM zum Einpassen, gröber als das Bild, in Metern (etwa GLD100 oder MOLA): Höhen über einer Kugel, einem Ellipsoid oder dem Areoid, oder Abstände vom Mittelpunkt des Körpers. Das Ergebnis zählt vom Areoid, wo das DHM es tut.</translation>
    </message>
    <message>
        <source>Reference datum</source>
        <translation>Datum der Referenz</translation>
    </message>
    <message>
        <source>What the reference DEM&apos;s heights count from, where its file does not say or is wrong: areoid (MOLA MEGDR, most HRSC terrain), crs (the sphere or ellipsoid of its CRS), or a radius in metres such as 3396000. Left empty: the file&apos;s own DATUM, else crs.</source>
        <translation>Wovon die Höhen des Referenz-DHM zählen, wo seine Datei es nicht oder falsch sagt: areoid (MOLA MEGDR, die meisten HRSC-Modelle), crs (Kugel oder Ellipsoid seines KBS) oder ein Radius in Metern wie 3396000. Leer: das DATUM der Datei, sonst crs.</translation>
    </message>
    <message>
        <source>Brings a DTM to metres above the datum of laser altimetry or a reference DEM; the result names it.</source>
        <translation>Bringt ein DGM in Meter über dem Datum von Laseraltimetrie oder eines Referenz-DHM; das Ergebnis nennt es.</translation>
    </message>
    <message>
        <source>GeoTIFF in metres above the datum of what it is levelled to, with sigma.</source>
        <translation>GeoTIFF in Metern über dem Datum dessen, woran es eingepasst ist, mit Sigma.</translation>
    </message>
    <message>
        <source>A DEM (raster) or altimetry (points or CSV with lon, lat, altitude) of the same body. Heights above another sphere or ellipsoid are converted; above the areoid, both have to be.</source>
        <translation>Ein DHM (Raster) oder Altimetrie (Punkte oder CSV mit lon, lat, altitude) desselben Körpers. Höhen über einer anderen Kugel oder einem anderen Ellipsoid werden umgerechnet; über dem Areoid müssen beide sein.</translation>
    </message>
    <message>
        <source>Shots kept, with their distance from the surface of the others (residual), its spread, and the datum their altitudes count from.</source>
        <translation>Behaltene Messpunkte mit ihrem Abstand von der Fläche der anderen (residual), dessen Streuung und dem Datum, von dem ihre Höhen zählen.</translation>
    </message>
    <message>
        <source>Ground of the camera&apos;s GCPs, metres above the body&apos;s sphere or ellipsoid.</source>
        <translation>Gelände der Passpunkte der Kamera, Meter über der Kugel oder dem Ellipsoid des Körpers.</translation>
    </message>
    <message>
        <source>Grids ground points to a digital terrain model: band 1 the height in metres above the sphere or ellipsoid of its CRS, band 2 its one-sigma error, band 3 the number of points.</source>
        <translation>Rastert Geländepunkte zu einem digitalen Geländemodell: Band 1 die Höhe in Metern über der Kugel oder dem Ellipsoid seines KBS, Band 2 ihr Ein-Sigma-Fehler, Band 3 die Zahl der Punkte.</translation>
    </message>
    <message>
        <source>GeoTIFF in metres above the sphere or ellipsoid of its CRS: height, sigma, count.</source>
        <translation>GeoTIFF in Metern über der Kugel oder dem Ellipsoid seines KBS: Höhe, Sigma, Anzahl.</translation>
    </message>
    <message>
        <source>Heights in metres above the body&apos;s sphere or ellipsoid.</source>
        <translation>Höhen in Metern über der Kugel oder dem Ellipsoid des Körpers.</translation>
    </message>
    <message>
        <source>GeoTIFF in metres above the datum its metadata name: height, sigma, count.</source>
        <translation>GeoTIFF in Metern über dem Datum, das seine Metadaten nennen: Höhe, Sigma, Anzahl.</translation>
    </message>
    <message>
        <source>Area of the map: in CRS where that is given, else in the CRS of the altimetry (of a table, longitude and latitude in degrees). Left empty, all shots.</source>
        <translation>Gebiet der Karte: im KBS, wo es angegeben ist, sonst im KBS der Altimetrie (bei einer Tabelle Länge und Breite in Grad). Leer: alle Messungen.</translation>
    </message>
    <message>
        <source>Area of the DTM: in CRS where that is given, else in the CRS of the points (of a text file, LAS or LAZ, longitude and latitude in degrees). Left empty, all points.</source>
        <translation>Gebiet des DGM: im KBS, wo es angegeben ist, sonst im KBS der Punkte (bei Textdatei, LAS oder LAZ Länge und Breite in Grad). Leer: alle Punkte.</translation>
    </message>
    <message>
        <source>Area of the DTM: in CRS where that is given, else longitude and latitude in degrees. Left empty, all points.</source>
        <translation>Gebiet des DGM: im KBS, wo es angegeben ist, sonst Länge und Breite in Grad. Leer: alle Punkte.</translation>
    </message>
    <message>
        <source>Area of the map: in CRS where that is given, else in the DTM&apos;s (without a DTM, longitude and latitude in degrees). Left empty, all of the DTM, or of the image where there is none.</source>
        <translation>Gebiet der Karte: im KBS, wo es angegeben ist, sonst in dem des DGM (ohne DGM Länge und Breite in Grad). Leer: das ganze DGM, oder das Bild, wo es keines gibt.</translation>
    </message>
    <message>
        <source>DTM&apos;s datum</source>
        <translation>Datum des DGM</translation>
    </message>
    <message>
        <source>What the DTM&apos;s heights count from, where its file does not say or is wrong: areoid, crs, or a radius in metres.</source>
        <translation>Wovon die Höhen des DGM zählen, wo seine Datei es nicht oder falsch sagt: areoid, crs oder ein Radius in Metern.</translation>
    </message>
    <message>
        <source>Start from model</source>
        <translation>Von Modell ausgehen</translation>
    </message>
    <message>
        <source>Model (.safetensors) whose weights training begins with, to make it fit your own pairs; empty: from nothing.</source>
        <translation>Modell (.safetensors), mit dessen Gewichten das Training beginnt, um es den eigenen Paaren anzupassen; leer: von Grund auf.</translation>
    </message>
    <message>
        <source>Laser shots: a point layer, or a CSV (also gzipped) with lon, lat, altitude [, sigma]; LOLA RDR and MOLA PEDR files are recognised by their header.</source>
        <translation>Lasermessungen: ein Punktlayer oder eine CSV-Datei (auch mit gzip) mit lon, lat, altitude [, sigma]; Dateien LOLA RDR und MOLA PEDR werden an ihrer Kopfzeile erkannt.</translation>
    </message>
    <message>
        <source>Width and height of the image.</source>
        <translation>Breite und Höhe des Bildes.</translation>
    </message>
    <message>
        <source>Cuts tiles of an image and a DEM at random places of the same ground and keeps what a model can learn from: tiles with a large pure black region, and tiles too similar to one already kept, are dropped (the rules of JMARS). Without an image the DEM is rendered under random light.</source>
        <translation>Schneidet an zufälligen Orten desselben Bodens Kacheln aus einem Bild und einem DHM und behält, woraus ein Modell lernen kann: Kacheln mit einem großen rein schwarzen Gebiet und solche, die einer behaltenen zu ähnlich sind, fallen weg (die Regeln von JMARS). Ohne Bild wird das DHM unter zufälligem Licht gerechnet.</translation>
    </message>
    <message>
        <source>The last part of every layer is held out, so that scores are taken on ground that training never saw. A manifest lists every tile, kept or not, and why, with offsets and checksums; the same seed makes the same files.</source>
        <translation>Der letzte Teil jedes Layers wird zurückgehalten, damit an Boden geprüft wird, den das Training nie sah. Ein Verzeichnis nennt jede Kachel, ob behalten und warum nicht, mit Versatz und Prüfsumme; dieselbe Startzahl macht dieselben Dateien.</translation>
    </message>
    <message>
        <source>Trains a network that makes terrain of one image, on a folder of pairs (trainingpairs) or on DEMs that are rendered as it goes. Needs torch; with a GPU it trains there.</source>
        <translation>Trainiert ein Netz, das aus einem Bild Gelände macht, an einem Ordner von Paaren (trainingpairs) oder an DHM, die dabei gerechnet werden. Braucht torch; mit einer GPU trainiert es dort.</translation>
    </message>
    <message>
        <source>A checkpoint is written every so many steps: training cancelled, killed or stopped by a full disk goes on from it (RESUME) as if nothing had happened. The report shows the loss and sample tiles of held-out ground and is renewed with every checkpoint.</source>
        <translation>Alle so viele Schritte wird ein Zwischenstand geschrieben: Training, das abgebrochen, beendet oder von einer vollen Platte angehalten wurde, macht von dort weiter (RESUME), als wäre nichts gewesen. Der Bericht zeigt den Verlust und Beispielkacheln zurückgehaltenen Bodens und wird mit jedem Zwischenstand erneuert.</translation>
    </message>
    <message>
        <source>Several processes or machines: torchrun --nproc-per-node N -m planetary_dtm.core.cli trainmodel ...</source>
        <translation>Mehrere Prozesse oder Rechner: torchrun --nproc-per-node N -m planetary_dtm.core.cli trainmodel ...</translation>
    </message>
    <message>
        <source>Of all layers but the last; quickest: what suits the GPU or processor best (with RESUME: what that was trained in).</source>
        <translation>Aller Schichten außer der letzten; quickest: womit GPU oder Prozessor am schnellsten rechnen (mit RESUME: womit jenes trainiert wurde).</translation>
    </message>
</context>
<context>
    <name>Styling</name>
    <message>
        <source>Hillshade</source>
        <translation>Schummerung</translation>
    </message>
    <message>
        <source>Height ({})</source>
        <translation>Höhe ({})</translation>
    </message>
    <message>
        <source>Relative height (no unit)</source>
        <translation>Relative Höhe (ohne Einheit)</translation>
    </message>
</context>
<context>
    <name>ViewDock</name>
    <message>
        <source>DTM for view</source>
        <translation>DGM des Ausschnitts</translation>
    </message>
    <message>
        <source>Generate DTM</source>
        <translation>DGM erzeugen</translation>
    </message>
    <message>
        <source>Make terrain of what the map shows now</source>
        <translation>Gelände erzeugen von dem, was die Karte jetzt zeigt</translation>
    </message>
    <message>
        <source>What the model sees</source>
        <translation>Was das Modell sieht</translation>
    </message>
    <message>
        <source>Earlier runs</source>
        <translation>Frühere Läufe</translation>
    </message>
    <message>
        <source>Drawing the map</source>
        <translation>Zeichne die Karte</translation>
    </message>
    <message>
        <source>map</source>
        <translation>Karte</translation>
    </message>
    <message>
        <source>There is no image on the map; add a raster layer, or choose one in the dock.</source>
        <translation>Auf der Karte ist kein Bild; fügen Sie einen Rasterlayer hinzu oder wählen Sie einen im Fenster.</translation>
    </message>
    <message>
        <source>The layer {!r} has no CRS; set it (Layer Properties, Source) and press again.</source>
        <translation>Der Layer {!r} hat kein KBS; setzen Sie es (Layereigenschaften, Quelle) und drücken Sie noch einmal.</translation>
    </message>
    <message>
        <source>No layer or file is chosen to level to; choose one, or level to nothing.</source>
        <translation>Zum Einpassen ist kein Layer und keine Datei gewählt; wählen Sie etwas oder passen Sie an nichts ein.</translation>
    </message>
    <message>
        <source>DTM of {}</source>
        <translation>DGM von {}</translation>
    </message>
    <message>
        <source>the map</source>
        <translation>der Karte</translation>
    </message>
    <message>
        <source>Not all of the run&apos;s settings are there any more; look them over.</source>
        <translation>Nicht alles, was der Lauf brauchte, ist noch da; sehen Sie die Einstellungen durch.</translation>
    </message>
    <message>
        <source>Difference of two results</source>
        <translation>Differenz zweier Ergebnisse</translation>
    </message>
    <message>
        <source>No image on the map.</source>
        <translation>Kein Bild auf der Karte.</translation>
    </message>
    <message>
        <source>All visible images together, in the pixels of the screen.</source>
        <translation>Alle sichtbaren Bilder zusammen, in den Pixeln des Bildschirms.</translation>
    </message>
    <message>
        <source>One of the two results is in metres, the other is relative: select two of a kind.</source>
        <translation>Eines der beiden Ergebnisse ist in Metern, das andere relativ: Wählen Sie zwei von einer Art.</translation>
    </message>
    <message>
        <source>The map shows nothing here; see what its server answered (log panel of QGIS, &quot;WMS&quot;).</source>
        <translation>Die Karte zeigt hier nichts; sehen Sie nach, was ihr Server geantwortet hat (Protokoll von QGIS, „WMS“).</translation>
    </message>
</context>
<context>
    <name>ViewForm</name>
    <message>
        <source>Active or topmost image</source>
        <translation>Aktives oder oberstes Bild</translation>
    </message>
    <message>
        <source>The map as it is drawn</source>
        <translation>Die Karte, wie sie gezeichnet ist</translation>
    </message>
    <message>
        <source>The image to turn into terrain: grey or natural colour, with a CRS</source>
        <translation>Das Bild, aus dem Gelände wird: grau oder in natürlichen Farben, mit KBS</translation>
    </message>
    <message>
        <source>Nothing: relative heights</source>
        <translation>An nichts: relative Höhen</translation>
    </message>
    <message>
        <source>Altimetry (points or CSV)</source>
        <translation>An Altimetrie (Punkte oder CSV)</translation>
    </message>
    <message>
        <source>Reference DEM</source>
        <translation>An ein Referenz-DHM</translation>
    </message>
    <message>
        <source>What brings the terrain to metres; without it heights are relative</source>
        <translation>Was das Gelände in Meter bringt; ohne das sind die Höhen relativ</translation>
    </message>
    <message>
        <source>Laser shots: a point layer or a CSV file with lon, lat, altitude; LOLA RDR and MOLA PEDR files</source>
        <translation>Lasermessungen: ein Punktlayer oder eine CSV-Datei mit lon, lat, altitude; Dateien LOLA RDR und MOLA PEDR</translation>
    </message>
    <message>
        <source>A coarser DEM of the same ground, in metres above the body&apos;s datum</source>
        <translation>Ein gröberes DHM desselben Geländes, in Metern über dem Datum des Körpers</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source> m</source>
        <translation> m</translation>
    </message>
    <message>
        <source>Ground size of a pixel; automatic: the image&apos;s own, coarsened to at most 4096 pixels a side</source>
        <translation>Größe eines Pixels am Boden; automatisch: die des Bildes, vergröbert auf höchstens 4096 Pixel je Seite</translation>
    </message>
    <message>
        <source>&amp;Image</source>
        <translation>&amp;Bild</translation>
    </message>
    <message>
        <source>&amp;Level to</source>
        <translation>&amp;Einpassen</translation>
    </message>
    <message>
        <source>&amp;Pixel size</source>
        <translation>&amp;Pixelgröße</translation>
    </message>
    <message>
        <source>Sun, model and output</source>
        <translation>Sonne, Modell und Ausgabe</translation>
    </message>
    <message>
        <source>From the image</source>
        <translation>Aus dem Bild</translation>
    </message>
    <message>
        <source>Direction towards the sun, clockwise from north; left alone, it is read or estimated</source>
        <translation>Richtung zur Sonne, im Uhrzeigersinn von Nord; ohne Angabe wird sie gelesen oder geschätzt</translation>
    </message>
    <message>
        <source>Not known</source>
        <translation>Nicht bekannt</translation>
    </message>
    <message>
        <source>Angle of the sun from the zenith</source>
        <translation>Winkel der Sonne vom Zenit</translation>
    </message>
    <message>
        <source>Seamless, full resolution</source>
        <translation>Nahtlos, volle Auflösung</translation>
    </message>
    <message>
        <source>As JMARS does (1024 × 1024)</source>
        <translation>Wie JMARS (1024 × 1024)</translation>
    </message>
    <message>
        <source>Overlapping tiles of the image&apos;s own pixels, or one scaled square with mirrors</source>
        <translation>Überlappende Kacheln der Pixel des Bildes oder ein skaliertes Quadrat mit Spiegelungen</translation>
    </message>
    <message>
        <source>The result is the same; PyTorch is faster on large views, and takes some seconds to load</source>
        <translation>Das Ergebnis ist dasselbe; PyTorch ist bei großen Ausschnitten schneller, braucht aber einige Sekunden zum Laden</translation>
    </message>
    <message>
        <source>The plugin&apos;s own</source>
        <translation>Das der Erweiterung</translation>
    </message>
    <message>
        <source>Model file (.safetensors) to use instead</source>
        <translation>Modelldatei (.safetensors), die stattdessen gilt</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Temporary, gone when QGIS closes</source>
        <translation>Vorläufig, mit QGIS verschwunden</translation>
    </message>
    <message>
        <source>Folder where DTMs are kept; each gets a name of its own</source>
        <translation>Ordner, in dem DGM bleiben; jedes bekommt einen eigenen Namen</translation>
    </message>
    <message>
        <source>Sun a&amp;zimuth</source>
        <translation>Sonnena&amp;zimut</translation>
    </message>
    <message>
        <source>Sun i&amp;ncidence</source>
        <translation>Sonnenei&amp;nfall</translation>
    </message>
    <message>
        <source>M&amp;ode</source>
        <translation>M&amp;odus</translation>
    </message>
    <message>
        <source>&amp;Engine</source>
        <translation>Rechen&amp;werk</translation>
    </message>
    <message>
        <source>&amp;Model</source>
        <translation>&amp;Modell</translation>
    </message>
    <message>
        <source>&amp;Keep in</source>
        <translation>Abl&amp;egen in</translation>
    </message>
</context>
<context>
    <name>ViewHistory</name>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>Seconds</source>
        <translation>Sekunden</translation>
    </message>
    <message>
        <source>Runs of this project; double-click (or Enter) brings a run&apos;s settings back</source>
        <translation>Läufe dieses Projekts; Doppelklick (oder Eingabe) holt die Einstellungen eines Laufs zurück</translation>
    </message>
    <message>
        <source>Use settings</source>
        <translation>Einstellungen übernehmen</translation>
    </message>
    <message>
        <source>Bring back the settings and the map view of the run chosen</source>
        <translation>Einstellungen und Kartenausschnitt des gewählten Laufs zurückholen</translation>
    </message>
    <message>
        <source>Compare the two</source>
        <translation>Beide vergleichen</translation>
    </message>
    <message>
        <source>Compare the last two</source>
        <translation>Letzte zwei vergleichen</translation>
    </message>
    <message>
        <source>Needs two results that are still there</source>
        <translation>Braucht zwei Ergebnisse, die noch da sind</translation>
    </message>
    <message>
        <source>{} minus {}</source>
        <translation>{} minus {}</translation>
    </message>
</context>
</TS>
