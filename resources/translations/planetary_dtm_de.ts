<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de">
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
        <source>All steps with their inputs are done.</source>
        <translation>Alle Schritte, deren Eingaben da sind, sind erledigt.</translation>
    </message>
    <message>
        <source>Folder of a scene</source>
        <translation>Ordner einer Szene</translation>
    </message>
    <message>
        <source>{} holds no sensor.json, gcps.csv, altimetry.csv or views; choose the files one by one.</source>
        <translation>{} enthält weder sensor.json, gcps.csv, altimetry.csv noch Bilder; wählen Sie die Dateien einzeln.</translation>
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
        <source>The result is the same; PyTorch is faster on large views, and QGIS stands still while it loads</source>
        <translation>Das Ergebnis ist dasselbe; PyTorch ist bei großen Ausschnitten schneller, und QGIS steht still, während es lädt</translation>
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
